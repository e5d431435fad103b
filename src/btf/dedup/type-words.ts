import type { Btf } from "../btf.ts";
import { FlatTypes } from "../dump/flat-types.ts";
import { ELEMENTS, TARGET, typeLength } from "../type-fields.ts";
import { BtfKind, type TypeId } from "../types.ts";

/** How many members of a struct, and how many references behind each of them, count for its hash. */
const HASHED_MEMBERS = 4;
const HASHED_DEPTH = 4;

/**
 * The types during deduplication: their words, which may be changed, and functions that compare two types. Equal names
 * have equal string offsets here. These functions compare the referenced types only where their description says so.
 */
export class TypeWords extends FlatTypes {
  #declaresNamelessEnum = false;

  constructor(btf: Btf) {
    super(btf, { writable: true });
    for (let id = 1; id < this.endId && !this.#declaresNamelessEnum; id++) {
      this.#declaresNamelessEnum = this.nameOffset(id) === 0 && this.declaresEnum(id);
    }
  }

  /** Returns the index of a type's first word. */
  at(id: TypeId): number {
    return this.offsets[id] as number;
  }

  /** Returns the kind that a forward declaration declares: struct or union. */
  declaredKind(id: TypeId): BtfKind {
    return this.kindFlag(id) ? BtfKind.UNION : BtfKind.STRUCT;
  }

  /** Returns true if the first `count` words of two types are equal. */
  sameWords(a: TypeId, b: TypeId, count: number): boolean {
    const { words } = this;
    const x = this.at(a);
    const y = this.at(b);
    for (let i = 0; i < count; i++) if (words[x + i] !== words[y + i]) return false;
    return true;
  }

  /** Returns true if name, kind, number of elements, and size or reference are equal. */
  sameHead(a: TypeId, b: TypeId): boolean {
    return this.sameWords(a, b, 3);
  }

  /**
   * Returns true if two types of the same kind are equal apart from the types that they refer to. Undefined for kinds
   * to which no type refers.
   */
  sameShape(kind: BtfKind, a: TypeId, b: TypeId): boolean | undefined {
    switch (kind) {
      case BtfKind.INT:
        return this.sameWords(a, b, 4);
      case BtfKind.ENUM:
      case BtfKind.ENUM64:
        return this.compatibleEnum(a, b);
      case BtfKind.FWD:
      case BtfKind.FLOAT:
        return this.sameHead(a, b);
      case BtfKind.CONST:
      case BtfKind.VOLATILE:
      case BtfKind.RESTRICT:
      case BtfKind.PTR:
      case BtfKind.TYPEDEF:
      case BtfKind.FUNC:
      case BtfKind.TYPE_TAG:
        return this.sameNameAndInfo(a, b);
      case BtfKind.ARRAY:
        return this.sameLength(a, b);
      case BtfKind.STRUCT:
      case BtfKind.UNION:
        return this.sameLayout(a, b);
      case BtfKind.FUNC_PROTO:
        return this.sameParameterNames(a, b);
      default:
        return undefined;
    }
  }

  sameNameAndInfo(a: TypeId, b: TypeId): boolean {
    return this.sameWords(a, b, 2);
  }

  sameEnum(a: TypeId, b: TypeId): boolean {
    return this.sameHead(a, b) && this.sameWords(a, b, typeLength(this.words, this.at(a)));
  }

  /**
   * Returns true if two enums are equal, or if at least one of them is a forward declaration and the names are equal.
   */
  compatibleEnum(a: TypeId, b: TypeId): boolean {
    if (!this.declaresEnum(a) && !this.declaresEnum(b)) return this.sameEnum(a, b);
    return this.nameOffset(a) === this.nameOffset(b) && this.isEnum(a) && this.isEnum(b);
  }

  isEnum(id: TypeId): boolean {
    const kind = this.kind(id);
    return kind === BtfKind.ENUM || kind === BtfKind.ENUM64;
  }

  declaresEnum(id: TypeId): boolean {
    return this.isEnum(id) && this.vlen(id) === 0;
  }

  /** Returns true if two structs have members with the same names at the same offsets. */
  sameLayout(a: TypeId, b: TypeId): boolean {
    if (!this.sameHead(a, b)) return false;
    const { words } = this;
    let x = this.at(a) + 3;
    let y = this.at(b) + 3;
    for (let i = this.vlen(a); i > 0; i--, x += 3, y += 3) {
      if (words[x] !== words[y] || words[x + 2] !== words[y + 2]) return false;
    }
    return true;
  }

  /** Returns true if two arrays have the same length. */
  sameLength(a: TypeId, b: TypeId): boolean {
    return this.sameHead(a, b) && this.words[this.at(a) + 5] === this.words[this.at(b) + 5];
  }

  /** Returns true if two prototypes have parameters with the same names. */
  sameParameterNames(a: TypeId, b: TypeId): boolean {
    if (!this.sameNameAndInfo(a, b)) return false;
    const { words } = this;
    let x = this.at(a) + 3;
    let y = this.at(b) + 3;
    for (let i = this.vlen(a); i > 0; i--, x += 2, y += 2) if (words[x] !== words[y]) return false;
    return true;
  }

  /**
   * Returns a hash for {@link Candidates}. Types that may be equal have the same hash. For structs and typedefs, call it
   * before references are replaced.
   */
  hash(id: TypeId): number {
    const { words } = this;
    const at = this.at(id);
    const kind = this.kind(id);
    let hash = mix(0, words[at] as number);
    // Any enum may complete a declaration with its name. A kernel has thousands of enums without a name, but no such
    // declaration of them.
    const isEnum = kind === BtfKind.ENUM || kind === BtfKind.ENUM64;
    if (isEnum && (words[at] !== 0 || this.#declaresNamelessEnum)) return hash;
    hash = mix(hash, words[at + 1] as number);
    if (kind === BtfKind.TYPEDEF) return this.#mixNames(hash, words[at + 2] as number);
    hash = mix(hash, words[at + 2] as number);
    const vlen = this.vlen(id);
    switch (kind) {
      case BtfKind.INT:
      case BtfKind.DECL_TAG:
        return mix(hash, words[at + 3] as number);
      case BtfKind.ARRAY:
        for (let i = 3; i < 6; i++) hash = mix(hash, words[at + i] as number);
        return hash;
      case BtfKind.ENUM:
      case BtfKind.ENUM64:
        return vlen === 0 ? hash : mix(hash, words[at + 3] as number);
      case BtfKind.STRUCT:
      case BtfKind.UNION:
        for (let i = 0, e = at + 3; i < vlen; i++, e += 3) {
          hash = mix(mix(hash, words[e] as number), words[e + 2] as number);
          if (i < HASHED_MEMBERS) hash = this.#mixNames(hash, words[e + 1] as number);
        }
        return hash;
      case BtfKind.FUNC_PROTO:
        for (let i = 0, e = at + 3; i < 2 * vlen; i++, e++) hash = mix(hash, words[e] as number);
        return hash;
      default:
        return hash;
    }
  }

  /**
   * Mixes the names of a type, and of those behind it, into a hash. A kernel has thousands of unions that differ only in
   * the type of their first member. The kinds of structs and enums do not count, because a declaration may stand for
   * them.
   */
  #mixNames(start: number, id: TypeId): number {
    let hash = start;
    let at = id;
    for (let depth = 0; depth < HASHED_DEPTH; depth++) {
      const kind = this.kind(at);
      hash = mix(hash, this.nameOffset(at));
      if (ELEMENTS[kind] !== TARGET) return kind === BtfKind.INT || kind === BtfKind.ARRAY ? mix(hash, kind) : hash;
      hash = mix(hash, kind);
      at = this.target(at);
    }
    return hash;
  }
}

function mix(hash: number, value: number): number {
  const product = Math.imul(hash ^ value, 0x9e3779b1);
  return product ^ (product >>> 15);
}
