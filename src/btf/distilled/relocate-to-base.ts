import { type FormatError, UsageError } from "../../errors/index.ts";
import { Btf } from "../btf.ts";
import { StringSet } from "../dedup/string-set.ts";
import { FlatTypes } from "../dump/flat-types.ts";
import { WORDS } from "../memory-keys.ts";
import { visitNames, visitReferences } from "../type-fields.ts";
import { BtfKind, type TypeId } from "../types.ts";

/**
 * Moves a split BTF from its distilled base to the full base of a kernel, as the kernel does when it loads an
 * out-of-tree module, and as libbpf's btf__relocate does. Returns the moved BTF.
 *
 * Each type of the distilled base needs exactly one type of the same name in `base`. Numbers and enums must also have
 * the same size, and so must structs and unions that are members of types of the split BTF. Throws FormatError if a
 * type has no counterpart or several, and UsageError if the BTF has no base.
 */
export function relocateToBase(btf: Btf, base: Btf): Btf {
  if (btf.base === undefined)
    throw new UsageError(`${btf.source} has no base BTF, so it cannot be moved to another base`);
  if (btf.base === base) return btf;
  const { ids, nameOffsets } = new Counterparts(btf, btf.base, base).find();
  const ownStrings = endOfStrings(base) - btf.stringStart;
  const ownIds = base.endId - btf.firstId;
  // The data may be a Buffer, whose slice() would not copy.
  const data = new Uint8Array(btf.data);
  const view = new DataView(data.buffer);
  const { [WORDS]: words, header, little, stringStart, firstId } = btf;
  const put = (index: number, value: number): void => view.setUint32(header.typeStart + 4 * index, value, little);
  const startOf = btf.wordIndexes;
  startOf.forEach((at, i) => {
    visitReferences(words, at, (index) => {
      const old = words[index] as number;
      put(index, old < firstId ? (ids[old] as number) : old + ownIds);
    });
    visitNames(words, at, (index) => {
      const old = words[index] as number;
      if (old === 0) return;
      const name = old >= stringStart ? old + ownStrings : nameOffsets.get(old);
      if (name === undefined) throw btf.error(firstId + i, `has a name that no type of ${btf.base?.source} has`);
      put(index, name);
    });
  });
  return Btf.parse(data, { source: btf.source, base });
}

function endOfStrings(btf: Btf): number {
  return btf.stringStart + btf.header.stringLength;
}

/** The number of comparisons that are free for every BTF, in addition to one for each type. */
const FREE_STEPS = 1_000_000;

/** The state of a type while {@link Counterparts} follows references: not visited yet, or on the current path. */
const NOT_VISITED = 0xffffffff;
const ON_PATH = 0xfffffffe;

/** Finds the type of the full base for each type of the distilled base. */
class Counterparts {
  readonly #btf: Btf;
  readonly #distilled: Btf;
  readonly #base: Btf;
  /** The types of the split BTF and of the distilled base. */
  readonly #types: FlatTypes;
  readonly #baseTypes: FlatTypes;
  /** For each type of the distilled base, its counterpart; 0 if none was found yet. */
  readonly #ids: Uint32Array;
  /** For each name of the distilled base, the offset of the same name in the full base. */
  readonly #nameOffsets = new Map<number, number>();

  constructor(btf: Btf, distilled: Btf, base: Btf) {
    this.#btf = btf;
    this.#distilled = distilled;
    this.#base = base;
    this.#types = new FlatTypes(btf);
    this.#types.check();
    this.#baseTypes = new FlatTypes(base);
    this.#baseTypes.check();
    this.#ids = new Uint32Array(distilled.endId);
  }

  find(): { readonly ids: Uint32Array; readonly nameOffsets: ReadonlyMap<number, number> } {
    const types = this.#types;
    const base = this.#baseTypes;
    const { names, typesOf } = this.#distilledNames();
    const isEmbedded = this.#embeddedTypes();
    const structCounts = this.#structCounts();
    let steps = FREE_STEPS + base.endId + types.endId;
    for (let id = 1; id < base.endId; id++) {
      const name = base.nameOffset(id);
      const kind = base.kind(id);
      if (name === 0 || !canBeCounterpart(kind)) continue;
      const alike = typesOf.get(names.find(base.strings, name)) ?? [];
      // The size of a struct counts only where its name alone is ambiguous.
      const isSized = isStruct(kind) ? (structCounts.get(name) ?? 0) > 1 : kind !== BtfKind.FWD;
      for (const other of alike) {
        if (--steps < 0) throw this.#distilled.error(other, "cannot be relocated: too many types have the same name");
        const isSameSize = types.third(other) === base.third(id);
        if ((isSized || isEmbedded[other] === 1) && !isSameSize) continue;
        if (!this.#isCompatible(other, id)) continue;
        this.#take(other, id);
      }
    }
    this.#checkComplete(isEmbedded);
    return { ids: this.#ids, nameOffsets: this.#nameOffsets };
  }

  /** Checks the kinds and names of the distilled base's types. Returns the types of each name. */
  #distilledNames(): { readonly names: StringSet; readonly typesOf: ReadonlyMap<number, readonly TypeId[]> } {
    const types = this.#types;
    const names = new StringSet(undefined);
    const typesOf = new Map<number, TypeId[]>();
    for (let id = 1; id < this.#distilled.endId; id++) {
      const kind = types.kind(id);
      if (kind === BtfKind.ENUM64 || !canBeCounterpart(kind)) {
        throw this.#distilled.error(id, `is of kind ${kind}, which a distilled base BTF cannot have`);
      }
      const name = names.add(types.strings, types.nameOffset(id));
      if (name === 0) throw this.#distilled.error(id, "has no name, but each type of a distilled base BTF needs one");
      const alike = typesOf.get(name);
      if (alike === undefined) typesOf.set(name, [id]);
      else alike.push(id);
    }
    return { names, typesOf };
  }

  /** Returns an array with 1 for each type of the distilled base that is a member of a type of the split BTF. */
  #embeddedTypes(): Uint8Array {
    const types = this.#types;
    const { firstId, endId } = this.#btf;
    const isEmbedded = new Uint8Array(firstId);
    const behind = new Uint32Array(endId).fill(NOT_VISITED);
    for (let id = firstId; id < endId; id++) {
      if (!isStruct(types.kind(id))) continue;
      visitReferences(types.words, types.offsets[id] as number, (index) => {
        const member = this.#structBehind(types.words[index] as number, behind);
        if (member < firstId) isEmbedded[member] = 1;
      });
    }
    return isEmbedded;
  }

  /**
   * Follows typedefs, modifiers and arrays to a struct or union and returns it; 0 if they lead to another type or form
   * a cycle. `behind` caches the results.
   */
  #structBehind(start: TypeId, behind: Uint32Array): TypeId {
    const types = this.#types;
    const path: TypeId[] = [];
    let at = start;
    while (behind[at] === NOT_VISITED && isTransparent(types.kind(at))) {
      behind[at] = ON_PATH;
      path.push(at);
      at = types.target(at);
    }
    const known = behind[at] as number;
    const found = known < ON_PATH ? known : isStruct(types.kind(at)) ? at : 0;
    for (const id of path) behind[id] = found;
    return found;
  }

  /** Returns, for the offset of each name, the number of structs and unions of the full base that have this name. */
  #structCounts(): ReadonlyMap<number, number> {
    const base = this.#baseTypes;
    const counts = new Map<number, number>();
    for (let id = 1; id < base.endId; id++) {
      if (!isStruct(base.kind(id))) continue;
      const name = base.nameOffset(id);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return counts;
  }

  /**
   * Returns true if the kinds of a distilled type and of a type of the full base are compatible. Ignores the sizes of
   * the types.
   */
  #isCompatible(distilled: TypeId, id: TypeId): boolean {
    const types = this.#types;
    const base = this.#baseTypes;
    const kind = base.kind(id);
    switch (types.kind(distilled)) {
      case BtfKind.FWD: {
        const declared = types.kindFlag(distilled) ? BtfKind.UNION : BtfKind.STRUCT;
        return kind === BtfKind.FWD ? types.kindFlag(distilled) === base.kindFlag(id) : kind === declared;
      }
      case BtfKind.INT:
        return kind === BtfKind.INT && encodingOf(types, distilled) === encodingOf(base, id);
      case BtfKind.FLOAT:
        return kind === BtfKind.FLOAT;
      case BtfKind.ENUM:
        // A distilled base represents an ENUM64 by an ENUM of 8 bytes.
        return kind === BtfKind.ENUM || kind === BtfKind.ENUM64;
      default:
        // Like the kernel, accept any kind: a struct may have become a union, or may only be declared.
        return true;
    }
  }

  #take(distilled: TypeId, id: TypeId): void {
    const known = this.#ids[distilled] as number;
    if (known !== 0) {
      const places = `types ${known} and ${id}`;
      throw this.#error(distilled, `has two counterparts in ${this.#base.source}: ${places}`);
    }
    this.#ids[distilled] = id;
    this.#nameOffsets.set(this.#types.nameOffset(distilled), this.#baseTypes.nameOffset(id));
  }

  #checkComplete(isEmbedded: Uint8Array): void {
    for (let id = 1; id < this.#ids.length; id++) {
      if (this.#ids[id] !== 0) continue;
      const isSized = isEmbedded[id] === 1 || !isStruct(this.#types.kind(id));
      throw this.#error(id, `has no counterpart${isSized ? " of the same size" : ""} in ${this.#base.source}`);
    }
  }

  #error(distilled: TypeId, problem: string): FormatError {
    const { kind, name } = this.#distilled.type(distilled);
    const size = this.#types.third(distilled);
    return this.#distilled.error(distilled, `(${kind} ${name}, size ${size}) ${problem}`);
  }
}

function isStruct(kind: BtfKind): boolean {
  return kind === BtfKind.STRUCT || kind === BtfKind.UNION;
}

/**
 * Returns true for arrays, typedefs and modifiers: a member with such a type contains the struct behind it, not a
 * pointer to the struct.
 */
function isTransparent(kind: BtfKind): boolean {
  switch (kind) {
    case BtfKind.CONST:
    case BtfKind.RESTRICT:
    case BtfKind.VOLATILE:
    case BtfKind.TYPEDEF:
    case BtfKind.TYPE_TAG:
    case BtfKind.ARRAY:
      return true;
    default:
      return false;
  }
}

function canBeCounterpart(kind: BtfKind): boolean {
  switch (kind) {
    case BtfKind.INT:
    case BtfKind.FLOAT:
    case BtfKind.ENUM:
    case BtfKind.ENUM64:
    case BtfKind.FWD:
      return true;
    default:
      return isStruct(kind);
  }
}

/** Returns the bits of an INT that are set if it is signed, a char or a bool. */
function encodingOf(types: FlatTypes, id: TypeId): number {
  return ((types.words[types.after(id)] as number) >>> 24) & 0x0f;
}
