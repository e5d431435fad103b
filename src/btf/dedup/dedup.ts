import { Btf } from "../btf.ts";
import { encodeBlob } from "../encode-blob.ts";
import { HEADER_SIZE_WITH_LAYOUT } from "../header.ts";
import { typeLength, visitNames, visitReferences } from "../type-fields.ts";
import { BtfKind, type TypeId } from "../types.ts";
import { Candidates } from "./candidates.ts";
import { GraphComparison } from "./graph-comparison.ts";
import { StringSet } from "./string-set.ts";
import { NOT_MAPPED, TypeMap } from "./type-map.ts";
import { TypeWords } from "./type-words.ts";

/**
 * Returns a BTF with each type once: the same types in the same order as libbpf's btf__dedup. A split BTF keeps its
 * base, and types that the base has are left out. Throws FormatError if a reference leads to no type, if references
 * form a cycle without a struct, union or typedef, or if the comparison would take too long.
 */
export function dedupBtf(btf: Btf): Btf {
  return new Dedup(btf, "share").run().btf;
}

/**
 * Deduplicates a BTF to which other records refer, such as those of `.BTF.ext`. Returns the new id of each type by its
 * old id. All strings stay where they are. Equal strings must have equal offsets already, and the BTF must have no base.
 */
export function dedupReferenced(btf: Btf): { readonly btf: Btf; readonly typeIds: Uint32Array } {
  return new Dedup(btf, "keep").run();
}

/** Deduplicates in this order: names, types without references, structs and typedefs, declarations, all other types. */
class Dedup {
  readonly #btf: Btf;
  readonly #types: TypeWords;
  /** The string section of the result. */
  readonly #strings: Uint8Array;
  readonly #map: TypeMap;
  readonly #candidates: Candidates;
  readonly #comparison: GraphComparison;

  constructor(btf: Btf, strings: "share" | "keep") {
    this.#btf = btf;
    this.#types = new TypeWords(btf);
    this.#types.check();
    this.#strings = strings === "share" ? this.#shareNames(this.#types.strings) : this.#types.strings;
    this.#map = new TypeMap(btf.endId);
    this.#candidates = new Candidates(btf.endId);
    this.#comparison = new GraphComparison(btf, this.#types, this.#map);
  }

  run(): { readonly btf: Btf; readonly typeIds: Uint32Array } {
    const { firstId, endId, base } = this.#btf;
    for (let id = 1; id < endId; id++) {
      const kind = this.#types.kind(id);
      const isUnique = kind === BtfKind.VAR || kind === BtfKind.DATASEC;
      if (id < firstId || isUnique) this.#map.set(id, id);
      if (id < firstId && !isUnique) this.#candidates.add(this.#types.hash(id), id);
    }
    for (let id = firstId; id < endId; id++) this.#mapPlain(id);
    for (let id = firstId; id < endId; id++) this.#mapStruct(id);
    this.#mapDeclarations();
    for (let id = firstId; id < endId; id++) this.#mapReference(id);
    const { words, typeIds } = this.#compact();
    const data = encodeBlob({
      little: this.#btf.little,
      words: [words],
      strings: [this.#strings],
      hasLongHeader: this.#btf.header.headerLength >= HEADER_SIZE_WITH_LAYOUT,
    });
    return { btf: Btf.parse(data, { source: this.#btf.source, base }), typeIds };
  }

  /** Gives equal names equal offsets. Returns the new string section. */
  #shareNames(strings: Uint8Array): Uint8Array {
    const { firstId, endId, stringStart, base } = this.#btf;
    const shared = new StringSet(base, strings.length - stringStart);
    const { words } = this.#types;
    const addName = shared.adder(strings);
    const share = (index: number): void => {
      const old = words[index] as number;
      if (old !== 0 && old >= stringStart) words[index] = addName(old);
    };
    for (let id = firstId; id < endId; id++) visitNames(words, this.#types.at(id), share);
    return shared.section;
  }

  /** Maps a type to the first candidate that is equal. If there is none, the type becomes a candidate. */
  #mapToEqual(id: TypeId, isEqual: (id: TypeId, candidate: TypeId) => boolean): void {
    const candidates = this.#candidates;
    const hash = this.#types.hash(id);
    let other = candidates.first(hash);
    for (; other !== 0; other = candidates.next(other)) {
      this.#comparison.step(id);
      if (isEqual(id, other)) break;
    }
    this.#map.set(id, other === 0 ? id : other);
    if (other === 0) candidates.add(hash, id);
  }

  /** Maps a type that refers to no other type; does nothing for other types. */
  #mapPlain(id: TypeId): void {
    switch (this.#types.kind(id)) {
      case BtfKind.INT:
      case BtfKind.FWD:
      case BtfKind.FLOAT:
        this.#mapToEqual(id, this.#isSameShape);
        break;
      case BtfKind.ENUM:
      case BtfKind.ENUM64:
        this.#mapToEqual(id, this.#isSameEnum);
        break;
      default:
        break;
    }
  }

  readonly #isSameShape = (id: TypeId, other: TypeId): boolean =>
    this.#types.sameShape(this.#types.kind(id), id, other) === true;

  readonly #isSameEnum = (id: TypeId, other: TypeId): boolean => {
    const types = this.#types;
    if (types.sameEnum(id, other)) return true;
    if (!types.compatibleEnum(id, other)) return false;
    if (types.declaresEnum(id)) return true;
    this.#map.set(other, id);
    return false;
  };

  #mapStruct(id: TypeId): void {
    if (this.#map.has(id)) return;
    const kind = this.#types.kind(id);
    if (kind === BtfKind.TYPEDEF) this.#mapToEqual(id, this.#isSameTypedef);
    else if (kind === BtfKind.STRUCT || kind === BtfKind.UNION) this.#mapToEqual(id, this.#isSameStruct);
  }

  readonly #isSameTypedef = (id: TypeId, other: TypeId): boolean =>
    this.#types.sameNameAndInfo(id, other) && this.#comparison.isEquivalent(id, other);

  readonly #isSameStruct = (id: TypeId, other: TypeId): boolean =>
    this.#types.sameLayout(id, other) && this.#comparison.isEquivalent(id, other);

  /** Maps each forward declaration to the struct or union with the same name, if there is exactly one. */
  #mapDeclarations(): void {
    const types = this.#types;
    const { firstId, endId } = this.#btf;
    /** For each declared name, the struct with this name; NOT_MAPPED if there is none, 0 if there are several. */
    const byName = new Map<number, TypeId>();
    const declarations: TypeId[] = [];
    for (let id = firstId; id < endId; id++) {
      if (types.kind(id) !== BtfKind.FWD || this.#map.get(id) !== id) continue;
      declarations.push(id);
      byName.set(types.nameOffset(id), NOT_MAPPED);
    }
    if (declarations.length === 0) return;
    for (let id = 1; id < endId; id++) {
      const kind = types.kind(id);
      if ((kind !== BtfKind.STRUCT && kind !== BtfKind.UNION) || this.#map.get(id) !== id) continue;
      const known = byName.get(types.nameOffset(id));
      if (known !== undefined) byName.set(types.nameOffset(id), known === NOT_MAPPED ? id : 0);
    }
    for (const id of declarations) {
      const found = byName.get(types.nameOffset(id)) as TypeId;
      if (found === 0 || found === NOT_MAPPED) continue;
      if (types.kind(found) === types.declaredKind(id)) this.#map.set(id, found);
    }
  }

  /**
   * Maps a type after all types that it refers to. The walk does not recurse, so chains of references may have any
   * length.
   */
  #mapReference(start: TypeId): void {
    if (this.#map.has(start)) return;
    const { words } = this.#types;
    // A fast path: most types refer only to types with lower ids, which are mapped already.
    this.#isReady = true;
    visitReferences(words, this.#types.at(start), this.#checkReady);
    if (this.#isReady) {
      visitReferences(words, this.#types.at(start), this.#resolveReference);
      this.#mapResolved(start);
      return;
    }
    const path: { readonly id: TypeId; readonly references: readonly number[]; done: number }[] = [];
    const open = new Set<TypeId>();
    const enter = (id: TypeId): void => {
      if (open.has(id))
        throw this.#btf.error(id, "is part of a cycle of references without a struct, union or typedef");
      open.add(id);
      const references: number[] = [];
      visitReferences(words, this.#types.at(id), (index) => references.push(index));
      path.push({ id, references, done: 0 });
    };
    enter(start);
    for (let last = path[path.length - 1]; last !== undefined; last = path[path.length - 1]) {
      const index = last.references[last.done];
      if (index === undefined) {
        path.pop();
        open.delete(last.id);
        this.#mapResolved(last.id);
      } else if (this.#map.has(words[index] as number)) {
        this.#resolveReference(index);
        last.done++;
      } else enter(words[index] as number);
    }
  }

  /** True while all references of a type that `#checkReady` has seen are mapped. */
  #isReady = false;

  readonly #checkReady = (index: number): void => {
    if (!this.#map.has(this.#types.words[index] as number)) this.#isReady = false;
  };

  readonly #resolveReference = (index: number): void => {
    const { words } = this.#types;
    words[index] = this.#map.resolve(words[index] as number);
  };

  /** Maps a type whose references have their final ids. */
  #mapResolved(id: TypeId): void {
    this.#mapToEqual(id, this.#isSame);
  }

  readonly #isSame = (id: TypeId, other: TypeId): boolean => {
    const types = this.#types;
    return types.sameHead(id, other) && types.sameWords(id, other, typeLength(types.words, types.at(id)));
  };

  /** Returns the words of the types that are left, with their new ids, and the new id of each old type. */
  #compact(): { readonly words: Uint32Array; readonly typeIds: Uint32Array } {
    const { firstId, endId } = this.#btf;
    const { words } = this.#types;
    const newIds = new Uint32Array(endId).fill(NOT_MAPPED);
    let next = firstId;
    let length = 0;
    for (let id = 0; id < firstId; id++) newIds[id] = id;
    for (let id = firstId; id < endId; id++) {
      if (this.#map.get(id) !== id) continue;
      newIds[id] = next++;
      length += typeLength(words, this.#types.at(id));
    }
    const compact = new Uint32Array(length);
    const renumber = (index: number): void => {
      compact[index] = newIds[this.#map.resolve(compact[index] as number)] as number;
    };
    let end = 0;
    for (let id = firstId; id < endId; id++) {
      if (this.#map.get(id) !== id) continue;
      const start = end;
      const at = this.#types.at(id);
      const after = at + typeLength(words, at);
      for (let i = at; i < after; i++) compact[end++] = words[i] as number;
      visitReferences(compact, start, renumber);
    }
    for (let id = firstId; id < endId; id++) newIds[id] = newIds[this.#map.resolve(id)] as number;
    return { words: compact, typeIds: newIds };
  }
}
