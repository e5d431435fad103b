import { FormatError } from "../errors/index.ts";
import { StringSection } from "../layout/index.ts";
import { decodeType } from "./decode-type.ts";
import type { Match } from "./essential-name.ts";
import { type BtfHeader, readBtfHeader } from "./header.ts";
import { STRINGS, WORDS } from "./memory-keys.ts";
import { type NamedTypes, NameIndex, scanNames } from "./name-index.ts";
import { scanEssentialNames } from "./name-scan.ts";
import { canSearchNames, searchNames } from "./name-search.ts";
import { type KindSizes, KNOWN_KINDS, kindSizes, TypeIndex, typeWords } from "./type-section.ts";
import { alignOfType, pointerSizeOf, sizeOfType } from "./type-size.ts";
import { BtfKind, type BtfType, type TypeId } from "./types.ts";

/**
 * The kernel's limit on the length of a chain of references (MAX_RESOLVE_DEPTH, kernel/bpf/btf.c). It also ends cycles.
 */
export const MAX_RESOLVE_DEPTH = 32;

/** The hash index of names is built after this many scans. Building it costs about as much as 30 scans. */
const SCANS_BEFORE_INDEX = 24;

/** For up to this many names, one search for each name is faster than one pass over all types. */
const NAMES_TO_SEARCH = 4;

const encoder = new TextEncoder();

/** Options of {@link Btf.parse}. */
export interface BtfOptions {
  /** The BTF's name in errors. */
  readonly source?: string | undefined;
  /** The base of a split BTF. The type ids and string offsets of the split BTF continue those of the base. */
  readonly base?: Btf | undefined;
  /** If true, types are indexed only when they are needed. Only for BTF from a kernel: see {@link Btf.parse}. */
  readonly lazy?: boolean | undefined;
  /** True if the bytes are in read-only memory. {@link Btf.data} then returns a copy. */
  readonly readOnly?: boolean | undefined;
}

/**
 * One BTF blob. Opening it finds where each type begins. Types and names are decoded, and the index by name is built,
 * when they are first needed. Every accessor throws FormatError if the bytes are wrong, and never reads past them.
 */
export class Btf {
  /** The BTF's name in errors, for instance `counter.bpf.o .BTF`. */
  readonly source: string;
  /** The base of a split BTF. */
  readonly base: Btf | undefined;
  readonly little: boolean;
  /** The id of this blob's first type: 1, or `base.endId` for a split BTF. */
  readonly firstId: TypeId;
  readonly header: BtfHeader;
  /** The type section as u32 words in this machine's byte order. Never write to it. */
  readonly [WORDS]: Uint32Array;
  /** The string section. Never write to it. */
  readonly [STRINGS]: Uint8Array;
  /** The string offset of the first byte of this blob's string section: 0, or the end of the base's strings. */
  readonly stringStart: number;
  readonly #data: Uint8Array;
  readonly #isReadOnly: boolean;
  readonly #index: TypeIndex;
  readonly #offsets: Uint32Array;
  readonly #lazy: boolean;
  readonly #kinds: KindSizes;
  readonly #types = new Map<TypeId, BtfType>();
  readonly #strings: StringSection;
  readonly #aligns = new Map<TypeId, number>();
  #pointerSize: number | undefined;
  #names: NameIndex | undefined;
  #scans = 0;

  private constructor(data: Uint8Array, options: BtfOptions) {
    const { source = "BTF", base, lazy = false, readOnly = false } = options;
    this.#data = data;
    this.#isReadOnly = readOnly;
    this.source = source;
    this.base = base;
    this.header = readBtfHeader(data, source, base !== undefined);
    this.little = this.header.little;
    this.firstId = base === undefined ? 1 : base.endId;
    this.stringStart = base === undefined ? 0 : base.stringStart + base[STRINGS].length;
    this.#kinds = kindSizes(data, this.header, base === undefined ? KNOWN_KINDS : base.#kinds);
    this[WORDS] = typeWords(data, this.header);
    this[STRINGS] = data.subarray(this.header.stringStart, this.header.stringStart + this.header.stringLength);
    this.#lazy = lazy;
    this.#strings = new StringSection(this[STRINGS], source, { trusted: lazy });
    this.#index = new TypeIndex(this[WORDS], this.header, this.#kinds, source);
    this.#offsets = this.#index.offsets;
    if (!lazy) this.#index.extend(Number.POSITIVE_INFINITY);
  }

  /**
   * Parses a raw BTF blob of either byte order, such as a `.BTF` section or a file of /sys/kernel/btf. The header and
   * the size of each type are checked immediately. Names and references are checked when a type is read. Throws
   * FormatError.
   *
   * `lazy` is only for BTF from a kernel. The types are then indexed only as far as they are needed, so a FormatError
   * may come later. Searches then also assume that each name is a string of its own, not the tail of a longer string.
   */
  static parse(data: Uint8Array, options: BtfOptions = {}): Btf {
    return new Btf(data, options);
  }

  /** The blob itself. It must not change while this object is in use. For a `readOnly` BTF it is a copy. */
  get data(): Uint8Array {
    return this.#isReadOnly ? new Uint8Array(this.#data) : this.#data;
  }

  /** The id after the last type. All ids from 0 (void) up to `endId - 1` are valid. */
  get endId(): TypeId {
    this.#index.extend(Number.POSITIVE_INFINITY);
    return this.firstId + this.#index.count;
  }

  /** Returns true if there is a type `id`; 0 (void) is a type too. */
  has(id: TypeId): boolean {
    if (!(Number.isInteger(id) && id >= 0)) return false;
    const index = id - this.firstId;
    if (index >= this.#index.count) this.#index.extend(index + 1);
    return index < this.#index.count;
  }

  /** Throws FormatError unless there is a type `id`. */
  check(id: TypeId): void {
    if (this.has(id)) return;
    throw new FormatError({ source: this.source }, `there is no type ${id}: the last type is ${this.endId - 1}`);
  }

  /** Returns the BTF that holds a type: this one or one of its bases. */
  owner(id: TypeId): Btf {
    this.check(id);
    let btf: Btf = this;
    while (id < btf.firstId && btf.base !== undefined) btf = btf.base;
    return btf;
  }

  /** Returns the index of a type's first word in the words of its {@link owner}. Do not call it for void. */
  wordIndex(id: TypeId): number {
    return this.owner(id).#offset(id);
  }

  /** Creates a FormatError about a type. The message is "type 7 " and then `problem`. */
  error(id: TypeId, problem: string): FormatError {
    const known = id !== 0 && this.has(id);
    const owner = known ? this.owner(id) : this;
    const offset = known ? owner.header.typeStart + 4 * owner.#offset(id) : undefined;
    return new FormatError({ source: owner.source, offset }, `type ${id} ${problem}`);
  }

  kind(id: TypeId): BtfKind {
    return ((this.#word(id, 1) >>> 24) & 0x7f) as BtfKind;
  }

  /** Returns a type's name; empty for an anonymous type. */
  name(id: TypeId): string {
    if (id === 0) return "";
    const owner = this.owner(id);
    return owner.string(owner[WORDS][owner.#offset(id)] as number);
  }

  nameOffset(id: TypeId): number {
    return this.#word(id, 0);
  }

  /** Returns the number of members, parameters, enumerators or variables of a type. For a FUNC, returns its linkage. */
  vlen(id: TypeId): number {
    return this.#word(id, 1) & 0xffffff;
  }

  kindFlag(id: TypeId): boolean {
    return this.#word(id, 1) >>> 31 === 1;
  }

  /** Returns the size in bytes of an INT, ENUM, ENUM64, STRUCT, UNION, DATASEC or FLOAT. */
  sizeField(id: TypeId): number {
    return this.#word(id, 2);
  }

  /**
   * Returns the type from the union `size`/`type`. Only for pointers, typedefs, modifiers, FUNC, FUNC_PROTO, VAR and
   * tags.
   */
  target(id: TypeId): TypeId {
    return this.#word(id, 2);
  }

  /** Returns the string at an offset. In a split BTF the string may belong to the base. */
  string(offset: number): string {
    if (offset < this.stringStart && this.base !== undefined) return this.base.string(offset);
    const at = offset - this.stringStart;
    if (!(Number.isInteger(at) && at >= 0 && at < this[STRINGS].length)) {
      // A split BTF without strings of its own still has the empty string.
      if (offset === 0) return "";
      throw new FormatError({ source: this.source }, `the string offset ${offset} is past the end of the strings`);
    }
    return this.#strings.at(at, "a name");
  }

  /** Returns a decoded type. Each type is decoded at most once. */
  type(id: TypeId): BtfType {
    if (id === 0) return VOID;
    const owner = this.owner(id);
    const known = owner.#types.get(id);
    if (known !== undefined) return known;
    const type = decodeType(owner, id, owner.#offset(id));
    owner.#types.set(id, type);
    return type;
  }

  /**
   * Returns the first type with this name. If `kinds` are given, the type must be of one of these kinds. The base is
   * searched first.
   */
  find(name: string, ...kinds: BtfKind[]): TypeId | undefined {
    let result: TypeId | undefined;
    this.#search(encoder.encode(name), "exact", (btf, id) => {
      if (kinds.length > 0 && !kinds.includes(btf.kind(id))) return false;
      result = id;
      return true;
    });
    return result;
  }

  /** Returns all types with this name in ascending order. */
  findAll(name: string): TypeId[] {
    return this.#all(name, "exact");
  }

  /**
   * Returns all types whose name without a `___flavour` is `name`, in ascending order. These are the candidates of
   * CO-RE. `name` must have no flavour.
   */
  findByEssentialName(name: string): TypeId[] {
    return this.#all(name, "essential");
  }

  /**
   * Does the same as {@link findByEssentialName} for several names in one pass, which costs about as much as a pass for
   * one name. With `own` the types of the base are left out. A name without types gets an empty list.
   */
  findByEssentialNames(names: Iterable<string>, options: { own?: boolean | undefined } = {}): Map<string, TypeId[]> {
    const wanted = new Set(names);
    const base = options.own === true ? undefined : this.base;
    const out = base?.findByEssentialNames(wanted) ?? new Map<string, TypeId[]>();
    for (const name of wanted) if (!out.has(name)) out.set(name, []);
    // A scan compares the name of each type with all wanted names that have the same first bytes. If many names are
    // wanted, an index is faster.
    if (wanted.size > 200) this.#names ??= new NameIndex(this.#named());
    if (this.#names === undefined && this.#searchable && wanted.size <= NAMES_TO_SEARCH) {
      for (const name of wanted) {
        for (const index of this.#searchNames(encoder.encode(name), "essential"))
          out.get(name)?.push(this.firstId + index);
      }
    } else if (this.#names === undefined) {
      scanEssentialNames(this.#named(), [...wanted], (name, id) => out.get(name)?.push(id));
    } else {
      for (const name of wanted) {
        const ids = out.get(name);
        this.#names.search(encoder.encode(name), "essential", (id) => {
          ids?.push(id);
          return false;
        });
      }
    }
    return out;
  }

  /** Skips typedefs, const, volatile, restrict and type tags, and returns the first type that is none of these. */
  resolve(id: TypeId): TypeId {
    let at = id;
    for (let depth = 0; depth <= MAX_RESOLVE_DEPTH; depth++) {
      switch (this.kind(at)) {
        case BtfKind.TYPEDEF:
        case BtfKind.VOLATILE:
        case BtfKind.CONST:
        case BtfKind.RESTRICT:
        case BtfKind.TYPE_TAG:
          at = this.target(at);
          break;
        default:
          return at;
      }
    }
    throw this.error(id, `has more than ${MAX_RESOLVE_DEPTH} typedefs and modifiers in a row, or they form a cycle`);
  }

  /** Returns the size of a value in bytes. Throws FormatError for types without values (void, FUNC, FWD). */
  sizeOf(id: TypeId): number {
    return sizeOfType(this, id);
  }

  /** Returns the alignment in bytes by libbpf's rules: 1 for a struct whose offsets show that it is packed. */
  alignOf(id: TypeId): number {
    return alignOfType(this, id, this.#aligns);
  }

  /** The size of a pointer in bytes: the size of the type `long`, or 8 if there is no `long`. */
  get pointerSize(): number {
    this.#pointerSize ??= this.base?.pointerSize ?? pointerSizeOf(this);
    return this.#pointerSize;
  }

  /** Yields the ids of this blob's own types, without void and the types of the base. */
  *ids(): Generator<TypeId, void, undefined> {
    const { endId } = this;
    for (let id = this.firstId; id < endId; id++) yield id;
  }

  /** Returns the ids of this blob's own types of one kind in ascending order. Visits each type of the blob. */
  idsOf(kind: BtfKind): TypeId[] {
    const { [WORDS]: words, firstId, endId } = this;
    const offsets = this.#offsets;
    const found: TypeId[] = [];
    for (let i = 0; i < endId - firstId; i++) {
      const info = words[(offsets[i] as number) + 1] as number;
      if (((info >>> 24) & 0x7f) === kind) found.push(firstId + i);
    }
    return found;
  }

  /** The index of the first word of each of this blob's own types. Use it for passes over all types. */
  get wordIndexes(): Uint32Array {
    return this.#offsets.subarray(0, this.endId - this.firstId);
  }

  #offset(id: TypeId): number {
    return this.#offsets[id - this.firstId] as number;
  }

  #word(id: TypeId, index: number): number {
    if (id === 0) return 0;
    const owner = this.owner(id);
    return owner[WORDS][owner.#offset(id) + index] as number;
  }

  #all(name: string, how: Match): TypeId[] {
    const out: TypeId[] = [];
    this.#search(encoder.encode(name), how, (_, id) => {
      out.push(id);
      return false;
    });
    return out;
  }

  /** Searches the base and then this blob. Stops and returns true as soon as `found` returns true. */
  #search(name: Uint8Array, how: Match, found: (btf: Btf, id: TypeId) => boolean): boolean {
    const { base } = this;
    const inBase = base === undefined ? false : base.#search(name, how, found);
    if (inBase) return true;
    let done = false;
    const each = (id: TypeId): boolean => {
      done = found(this, id);
      return done;
    };
    if (this.#names !== undefined) {
      this.#names.search(name, how, each);
    } else if (++this.#scans > SCANS_BEFORE_INDEX) {
      this.#names = new NameIndex(this.#named());
      this.#names.search(name, how, each);
    } else if (this.#searchable) {
      this.#searchNames(name, how).some((index) => each(this.firstId + index));
    } else {
      scanNames(this.#named(), name, how, each);
    }
    return done;
  }

  /** True if {@link searchNames} can be used for this BTF. */
  get #searchable(): boolean {
    return this.#lazy && this.base === undefined && canSearchNames;
  }

  #searchNames(name: Uint8Array, how: Match): number[] {
    return searchNames(
      { words: this[WORDS], strings: this[STRINGS], index: this.#index, budget: this.#strings.compared },
      name,
      how,
    );
  }

  #named(): NamedTypes {
    return {
      words: this[WORDS],
      offsets: this.wordIndexes,
      firstId: this.firstId,
      strings: this[STRINGS],
      stringStart: this.stringStart,
      budget: this.#strings.compared,
      foreign: (offset) => {
        let btf = this.base;
        while (btf !== undefined && offset < btf.stringStart) btf = btf.base;
        return btf === undefined ? undefined : { strings: btf[STRINGS], at: offset - btf.stringStart };
      },
    };
  }
}

const VOID: BtfType = { kind: "void", id: 0, name: "" };
