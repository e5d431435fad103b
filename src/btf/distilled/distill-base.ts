import { UsageError } from "../../errors/index.ts";
import { Btf } from "../btf.ts";
import { StringSet } from "../dedup/string-set.ts";
import { FlatTypes } from "../dump/flat-types.ts";
import { encodeBlob } from "../encode-blob.ts";
import { typeLength, visitNames, visitReferences } from "../type-fields.ts";
import { BtfKind, type TypeId } from "../types.ts";

/**
 * Returns a copy of a split BTF whose base is a distilled base BTF, as libbpf's btf__distill_base makes it. A distilled
 * base contains only the named types of the old base that the split BTF needs. Its numbers are unchanged, but its
 * structs, unions and enums have only a name and a size. All other needed types of the old base become types of the
 * split BTF.
 *
 * An out-of-tree module has the split BTF in its section `.BTF`, and the distilled base in `.BTF.base`.
 * `relocateToBase` moves such a BTF to the base of another kernel. Throws UsageError if the BTF has no base, and
 * FormatError if its types are wrong.
 */
export function distillBase(btf: Btf): Btf {
  if (btf.base === undefined) throw new UsageError(`${btf.source} has no base BTF, so there is nothing to distill`);
  return new Distillation(btf).run();
}

class Distillation {
  readonly #btf: Btf;
  readonly #types: FlatTypes;
  /** For each old type, its new id; 0 if it is left out. */
  readonly #ids: Uint32Array;

  constructor(btf: Btf) {
    this.#btf = btf;
    this.#types = new FlatTypes(btf);
    this.#types.check();
    this.#ids = new Uint32Array(btf.endId);
  }

  run(): Btf {
    const { firstId, endId, little, source } = this.#btf;
    const needed = this.#neededTypes();
    const inBase = needed.filter((id) => this.#belongsInBase(id));
    const base = this.#encodeBase(inBase);
    const split: TypeId[] = [];
    for (let id = firstId; id < endId; id++) split.push(id);
    for (const id of needed) if (this.#ids[id] === 0) split.push(id);
    split.forEach((id, i) => {
      this.#ids[id] = base.endId + i;
    });
    const strings = new StringSet(base);
    const addName = strings.adder(this.#types.strings);
    const words = split.map((id) => this.#copy(id, addName));
    return Btf.parse(encodeBlob({ little, words, strings: [strings.section], hasLongHeader: true }), { source, base });
  }

  /** Returns the types of the base that the split BTF needs, in ascending order. */
  #neededTypes(): TypeId[] {
    const { firstId, endId } = this.#btf;
    const { words, offsets } = this.#types;
    const isNeeded = new Uint8Array(firstId);
    const stack: TypeId[] = [];
    const visit = (index: number): void => {
      const id = words[index] as number;
      if (id === 0 || id >= firstId || isNeeded[id] === 1) return;
      isNeeded[id] = 1;
      this.#checkKind(id);
      // A named struct loses its members, so the types of the members are not needed.
      if (!(this.#isStruct(id) && this.#types.nameOffset(id) !== 0)) stack.push(id);
    };
    for (let id = firstId; id < endId; id++) visitReferences(words, offsets[id] as number, visit);
    for (let id = stack.pop(); id !== undefined; id = stack.pop()) visitReferences(words, offsets[id] as number, visit);
    const needed: TypeId[] = [];
    isNeeded.forEach((flag, id) => {
      if (flag === 1) needed.push(id);
    });
    return needed;
  }

  #checkKind(id: TypeId): void {
    switch (this.#types.kind(id)) {
      case BtfKind.FUNC:
      case BtfKind.VAR:
      case BtfKind.DATASEC:
      case BtfKind.DECL_TAG:
        throw this.#btf.error(id, "is referenced by another type, but types of its kind cannot be referenced");
      default:
    }
  }

  #isStruct(id: TypeId): boolean {
    const kind = this.#types.kind(id);
    return kind === BtfKind.STRUCT || kind === BtfKind.UNION;
  }

  #belongsInBase(id: TypeId): boolean {
    switch (this.#types.kind(id)) {
      case BtfKind.INT:
      case BtfKind.FLOAT:
      case BtfKind.FWD:
        return true;
      case BtfKind.STRUCT:
      case BtfKind.UNION:
      case BtfKind.ENUM:
      case BtfKind.ENUM64:
        return this.#types.nameOffset(id) !== 0;
      default:
        return false;
    }
  }

  #encodeBase(ids: readonly TypeId[]): Btf {
    const strings = new StringSet(undefined);
    const addName = strings.adder(this.#types.strings);
    const words = ids.map((id, i) => {
      this.#ids[id] = i + 1;
      return this.#distilled(id, addName);
    });
    const { little, source } = this.#btf;
    const data = encodeBlob({ little, words, strings: [strings.section], hasLongHeader: true });
    return Btf.parse(data, { source: `distilled base of ${source}` });
  }

  /** Returns the words of a type of the distilled base. */
  #distilled(id: TypeId, addName: (offset: number) => number): ArrayLike<number> {
    const types = this.#types;
    const kind = types.kind(id);
    switch (kind) {
      case BtfKind.STRUCT:
      case BtfKind.UNION:
        return [addName(types.nameOffset(id)), kind << 24, types.third(id)];
      case BtfKind.ENUM:
      case BtfKind.ENUM64:
        return [addName(types.nameOffset(id)), BtfKind.ENUM << 24, types.third(id)];
      default:
        return this.#copy(id, addName);
    }
  }

  /** Returns the words of a type with its new names and references. */
  #copy(id: TypeId, addName: (offset: number) => number): Uint32Array {
    const { words, offsets } = this.#types;
    const at = offsets[id] as number;
    const copy = words.slice(at, at + typeLength(words, at));
    visitNames(copy, 0, (index) => {
      copy[index] = addName(copy[index] as number);
    });
    visitReferences(copy, 0, (index) => {
      copy[index] = this.#ids[copy[index] as number] as number;
    });
    return copy;
  }
}
