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

/** The kernel's own bound (MAX_RESOLVE_DEPTH, kernel/bpf/btf.c), which also ends a cycle. */
export const MAX_RESOLVE_DEPTH = 32;

/** After so many scans for a name the hash index is built: that costs about as much as 30 scans do. */
const SCANS_BEFORE_INDEX = 24;

/** So many names are better searched for one by one than in one pass over all types. */
const NAMES_TO_SEARCH = 4;

const encoder = new TextEncoder();

/** How to read a BTF; nothing is needed. */
export interface BtfOptions {
  /** What errors call it. */
  readonly source?: string | undefined;
  /** The BTF that a split BTF goes on from. */
  readonly base?: Btf | undefined;
  readonly lazy?: boolean | undefined;
  /** The bytes lie in memory that must not be written: {@link Btf.data} is then a copy. */
  readonly readOnly?: boolean | undefined;
}

/**
 * One BTF blob. Opening it indexes where each type begins; types, names and the index by name are decoded when they
 * are asked for. Every accessor throws FormatError where the bytes are wrong, and never reads past them.
 */
export class Btf {
  /** What errors call it, for instance `counter.bpf.o .BTF`. */
  readonly source: string;
  /** The BTF that a split BTF goes on from. */
  readonly base: Btf | undefined;
  readonly little: boolean;
  /** The first type of this blob: 1, or `base.endId`. */
  readonly firstId: TypeId;
  readonly header: BtfHeader;
  /** The type section as u32 words in this machine's byte order. Never write to it. */
  readonly [WORDS]: Uint32Array;
  /** The string section. Never write to it. */
  readonly [STRINGS]: Uint8Array;
  /** The string offset of the section's first byte: 0, or where the base's strings end. */
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
   * Reads a raw BTF blob, such as a `.BTF` section or a file of /sys/kernel/btf, of either byte order. The header and
   * the extent of each type are checked here; names and references of a type when it is read. Throws FormatError.
   *
   * `lazy` is for BTF that a kernel gives: its types are looked at no further than they are asked for, which is also
   * when a FormatError comes, and no name is the end of another's string.
   */
  static parse(data: Uint8Array, options: BtfOptions = {}): Btf {
    return new Btf(data, options);
  }

  /** The blob itself: leave it unchanged while this is in use. A copy if its memory must not be written. */
  get data(): Uint8Array {
    return this.#isReadOnly ? this.#data.slice() : this.#data;
  }

  /** One past the last type; ids from 0 (void) on below it are valid. */
  get endId(): TypeId {
    this.#index.extend(Number.POSITIVE_INFINITY);
    return this.firstId + this.#index.count;
  }

  /** Whether there is a type `id`; void is one. */
  has(id: TypeId): boolean {
    if (!(Number.isInteger(id) && id >= 0)) return false;
    const index = id - this.firstId;
    if (index >= this.#index.count) this.#index.extend(index + 1);
    return index < this.#index.count;
  }

  /** Throws FormatError unless there is a type `id`. */
  check(id: TypeId): void {
    if (this.has(id)) return;
    throw new FormatError({ source: this.source }, `there is no type ${id}: the last is ${this.endId - 1}`);
  }

  /** The BTF in the chain of bases that holds a type. */
  owner(id: TypeId): Btf {
    this.check(id);
    let btf: Btf = this;
    while (id < btf.firstId && btf.base !== undefined) btf = btf.base;
    return btf;
  }

  /** Where in its owner's words a type (not void) begins. */
  wordIndex(id: TypeId): number {
    return this.owner(id).#offset(id);
  }

  /** A FormatError about a type. */
  error(id: TypeId, problem: string): FormatError {
    const known = id !== 0 && this.has(id);
    const owner = known ? this.owner(id) : this;
    const offset = known ? owner.header.typeStart + 4 * owner.#offset(id) : undefined;
    return new FormatError({ source: owner.source, offset }, `type ${id} ${problem}`);
  }

  kind(id: TypeId): BtfKind {
    return ((this.#word(id, 1) >>> 24) & 0x7f) as BtfKind;
  }

  /** A type's name; empty for an anonymous type. */
  name(id: TypeId): string {
    if (id === 0) return "";
    const owner = this.owner(id);
    return owner.string(owner[WORDS][owner.#offset(id)] as number);
  }

  nameOffset(id: TypeId): number {
    return this.#word(id, 0);
  }

  /** The number of members, parameters, enumerators or variables; of a FUNC its linkage. */
  vlen(id: TypeId): number {
    return this.#word(id, 1) & 0xffffff;
  }

  kindFlag(id: TypeId): boolean {
    return this.#word(id, 1) >>> 31 === 1;
  }

  /** The union `size`/`type` read as a size in bytes: for INT, ENUM, ENUM64, STRUCT, UNION, DATASEC and FLOAT. */
  sizeField(id: TypeId): number {
    return this.#word(id, 2);
  }

  /** The union `size`/`type` read as a type: for pointers, typedefs, modifiers, FUNC, FUNC_PROTO, VAR and tags. */
  target(id: TypeId): TypeId {
    return this.#word(id, 2);
  }

  /** The string at an offset, which may lie in the base's strings. */
  string(offset: number): string {
    if (offset < this.stringStart && this.base !== undefined) return this.base.string(offset);
    const at = offset - this.stringStart;
    if (!(Number.isInteger(at) && at >= 0 && at < this[STRINGS].length)) {
      // A split BTF without strings of its own still knows the empty string.
      if (offset === 0) return "";
      throw new FormatError({ source: this.source }, `the string offset ${offset} is past the end of the strings`);
    }
    return this.#strings.at(at, "a name");
  }

  /** The decoded type; decoded once. */
  type(id: TypeId): BtfType {
    if (id === 0) return VOID;
    const owner = this.owner(id);
    const known = owner.#types.get(id);
    if (known !== undefined) return known;
    const type = decodeType(owner, id, owner.#offset(id));
    owner.#types.set(id, type);
    return type;
  }

  /** The first type of that name, the base's first, and of one of `kinds` where any are given. */
  find(name: string, ...kinds: BtfKind[]): TypeId | undefined {
    let result: TypeId | undefined;
    this.#search(encoder.encode(name), "exact", (btf, id) => {
      if (kinds.length > 0 && !kinds.includes(btf.kind(id))) return false;
      result = id;
      return true;
    });
    return result;
  }

  /** Every type of that name in ascending order. */
  findAll(name: string): TypeId[] {
    return this.#all(name, "exact");
  }

  /**
   * Every type whose name is `name` once a `___flavour` is cut from it, in ascending order: the candidates that CO-RE
   * looks among. `name` is an essential name itself.
   */
  findByEssentialName(name: string): TypeId[] {
    return this.#all(name, "essential");
  }

  /**
   * {@link findByEssentialName} of several names at the cost of about one; with `own` without the types of the base.
   * A name without types has an empty list.
   */
  findByEssentialNames(names: Iterable<string>, options: { own?: boolean | undefined } = {}): Map<string, TypeId[]> {
    const wanted = new Set(names);
    const base = options.own === true ? undefined : this.base;
    const out = base?.findByEssentialNames(wanted) ?? new Map<string, TypeId[]>();
    for (const name of wanted) if (!out.has(name)) out.set(name, []);
    // One scan compares each type with every name that begins alike, so that many names are better indexed.
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

  /** The type below typedefs, const, volatile, restrict and type tags. */
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
    throw this.error(id, `is more than ${MAX_RESOLVE_DEPTH} typedefs and modifiers deep, or they form a cycle`);
  }

  /** Bytes that a value takes. Throws FormatError for types without values (void, FUNC, FWD). */
  sizeOf(id: TypeId): number {
    return sizeOfType(this, id);
  }

  /** The alignment in bytes, as libbpf guesses it: 1 for a struct whose offsets say that it is packed. */
  alignOf(id: TypeId): number {
    return alignOfType(this, id, this.#aligns);
  }

  /** Bytes of a pointer: the size of the type `long`, else 8. */
  get pointerSize(): number {
    this.#pointerSize ??= this.base?.pointerSize ?? pointerSizeOf(this);
    return this.#pointerSize;
  }

  /** The ids of this blob's own types, without void and without those of the base. */
  *ids(): Generator<TypeId, void, undefined> {
    const { endId } = this;
    for (let id = this.firstId; id < endId; id++) yield id;
  }

  /** The ids of this blob's own types of one kind, ascending; in one pass over the words. */
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

  /** Where in the words each of this blob's own types begins, for passes over all types. */
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

  /** Searches the base, then these types. Returns true once `found` did. */
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

  /** Whether {@link searchNames} is for this BTF. */
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
