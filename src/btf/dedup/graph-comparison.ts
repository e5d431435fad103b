import type { Btf } from "../btf.ts";
import { ELEMENTS, NAMES, REFERENCES, TARGET, visitReferences, WIDTH } from "../type-fields.ts";
import { BtfKind, type TypeId } from "../types.ts";
import { NOT_MAPPED, type TypeMap } from "./type-map.ts";
import type { TypeWords } from "./type-words.ts";

/** The most levels of types that `#isIdentical` compares. This is libbpf's limit. */
const DEEPEST = 16;

/**
 * The number of comparisons that are free for every BTF, whatever its size. Deduplicating the BTFs of two kernels takes
 * 5 comparisons for each word.
 */
const FREE_STEPS = 2_000_000;
const STEPS_PER_WORD = 30;

/**
 * Compares two graphs: all types that can be reached from a known type and from a new type. For each type of the known
 * graph it assumes which type of the new graph is the same, and fails at the first contradiction. A forward declaration
 * matches a struct or union with the same name.
 */
export class GraphComparison {
  readonly #btf: Btf;
  readonly #types: TypeWords;
  readonly #map: TypeMap;
  /** For each type of the known graph: the type of the new graph that is assumed to be the same. */
  readonly #assumed: Uint32Array;
  readonly #assumedFor = new IdStack();
  /** Pairs of a new and a known type that must still be compared. The last pair is compared next. */
  readonly #pairs = new IdStack();
  /**
   * True if the graphs match only because a new struct completes a forward declaration of the base. Such graphs do not
   * count as equal, because the base must not change.
   */
  #needsBase = false;
  #steps: number;
  /** The length of the chain of references that `#isIdentical` is following. */
  #chain = 0;

  constructor(btf: Btf, types: TypeWords, map: TypeMap) {
    this.#btf = btf;
    this.#types = types;
    this.#map = map;
    this.#assumed = new Uint32Array(btf.endId).fill(NOT_MAPPED);
    this.#steps = FREE_STEPS + STEPS_PER_WORD * types.words.length;
  }

  /** Counts one comparison. Throws FormatError if there were too many. */
  step(id: TypeId): void {
    if (--this.#steps < 0) throw this.#btf.error(id, "cannot be deduplicated: too many types are alike");
  }

  /**
   * Returns true if a new type is the same as a known one. If so, it also maps the types that the comparison has met:
   * forward declarations to their structs, and new structs to known ones.
   */
  isEquivalent(fresh: TypeId, known: TypeId): boolean {
    const pairs = this.#pairs;
    while (this.#assumedFor.length > 0) this.#assumed[this.#assumedFor.pop()] = NOT_MAPPED;
    pairs.length = 0;
    this.#needsBase = false;
    pairs.push(fresh);
    pairs.push(known);
    while (pairs.length > 0) {
      const right = pairs.pop();
      const left = pairs.pop();
      if (!this.#compare(left, right)) return false;
    }
    this.#keepAssumptions();
    return !this.#needsBase;
  }

  #compare(fresh: TypeId, knownOrDeclared: TypeId): boolean {
    this.step(fresh);
    const types = this.#types;
    if (this.#map.resolve(fresh) === this.#map.resolve(knownOrDeclared)) return true;
    const known = this.#declared(knownOrDeclared);
    const assumed = this.#assumed[known] as number;
    // A compiler may describe the same array, struct or pointer twice in one file.
    if (assumed !== NOT_MAPPED) return assumed === fresh || this.#isIdentical(assumed, fresh, DEEPEST);
    this.#assumed[known] = fresh;
    this.#assumedFor.push(known);
    if (types.nameOffset(fresh) !== types.nameOffset(known)) return false;
    const kind = types.kind(fresh);
    const knownKind = types.kind(known);
    if (kind !== knownKind) return this.#declares(fresh, kind, known, knownKind);
    return this.#comparePair(kind, fresh, known);
  }

  /** Returns the struct or union to which a forward declaration is mapped; for any other type, the type itself. */
  #declared(id: TypeId): TypeId {
    if (this.#types.kind(id) !== BtfKind.FWD) return id;
    const resolved = this.#map.resolve(id);
    return this.#types.kind(resolved) === BtfKind.FWD ? id : resolved;
  }

  #declares(fresh: TypeId, kind: BtfKind, known: TypeId, knownKind: BtfKind): boolean {
    const types = this.#types;
    if (kind === BtfKind.FWD) return types.declaredKind(fresh) === knownKind;
    if (knownKind !== BtfKind.FWD || types.declaredKind(known) !== kind) return false;
    if (known < this.#btf.firstId) this.#needsBase = true;
    return true;
  }

  #comparePair(kind: BtfKind, fresh: TypeId, known: TypeId): boolean {
    const types = this.#types;
    const isSame = types.sameShape(kind, fresh, known);
    if (isSame === undefined) throw this.#btf.error(fresh, "is part of another type, but no type of its kind can be");
    if (isSame) this.#pushReferences(kind, fresh, known);
    return isSame;
  }

  /**
   * Pushes the pairs of types that two types of the same shape refer to. The pair that libbpf compares first is pushed
   * last.
   */
  #pushReferences(kind: BtfKind, fresh: TypeId, known: TypeId): void {
    const types = this.#types;
    const [a, b] = [types.at(fresh), types.at(known)];
    const elements = ELEMENTS[kind] as number;
    if (kind === BtfKind.ARRAY) {
      this.#pushPair(a + 3, b + 3);
      this.#pushPair(a + 4, b + 4);
      return;
    }
    if ((elements & REFERENCES) !== 0) {
      const width = elements & WIDTH;
      const first = (elements & NAMES) !== 0 ? 4 : 3;
      for (let i = first + width * (types.vlen(fresh) - 1); i >= first; i -= width) this.#pushPair(a + i, b + i);
    }
    if ((elements & TARGET) !== 0) this.#pushPair(a + 2, b + 2);
  }

  #pushPair(freshIndex: number, knownIndex: number): void {
    const { words } = this.#types;
    this.#pairs.push(words[freshIndex] as number);
    this.#pairs.push(words[knownIndex] as number);
  }

  /** Returns true if two types of one graph are the same, compared down to `depth` levels. */
  #isIdentical(one: TypeId, other: TypeId, depth: number): boolean {
    const types = this.#types;
    const { words } = types;
    this.step(one);
    if (depth <= 0) return false;
    const kind = types.kind(one);
    if (kind !== types.kind(other)) return false;
    if (kind === BtfKind.VOID) return true;
    if (types.sameShape(kind, one, other) !== true) return false;
    // libbpf has a bug here: it compares the first array's element type with itself, so element types do not count.
    if (kind === BtfKind.ARRAY) return true;
    // Following a kind with one reference and no elements does not count as a level.
    if (ELEMENTS[kind] === TARGET) return this.#isTargetIdentical(one, other, depth);
    const distance = types.at(other) - types.at(one);
    let same = true;
    visitReferences(words, types.at(one), (index) => {
      const [a, b] = [words[index] as number, words[index + distance] as number];
      if (same && a !== b) same = this.#isIdentical(a, b, depth - 1);
    });
    return same;
  }

  #isTargetIdentical(one: TypeId, other: TypeId, depth: number): boolean {
    this.#chain++;
    try {
      if (this.#chain > 1000) throw this.#btf.error(one, "comes after a chain of more than 1000 references");
      return this.#isIdentical(this.#types.target(one), this.#types.target(other), depth);
    } finally {
      this.#chain--;
    }
  }

  #keepAssumptions(): void {
    const types = this.#types;
    const map = this.#map;
    for (let i = 0; i < this.#assumedFor.length; i++) {
      const id = this.#assumedFor.at(i);
      const fresh = map.resolve(this.#assumed[id] as number);
      const known = map.resolve(id);
      const freshKind = types.kind(fresh);
      const isKnownDeclared = types.kind(known) === BtfKind.FWD;
      if (freshKind !== BtfKind.FWD && isKnownDeclared) map.set(known, fresh);
      if (this.#needsBase) continue;
      if (freshKind === BtfKind.FWD && !isKnownDeclared) map.set(fresh, known);
      const isStruct = freshKind === BtfKind.STRUCT || freshKind === BtfKind.UNION;
      if (isStruct && !isKnownDeclared && map.has(known) && !map.has(fresh)) map.set(fresh, known);
    }
  }
}

/** A stack of type ids that allocates nothing once it is large enough. */
class IdStack {
  length = 0;
  #ids = new Uint32Array(1024);

  push(id: TypeId): void {
    if (this.length === this.#ids.length) {
      const larger = new Uint32Array(2 * this.length);
      larger.set(this.#ids);
      this.#ids = larger;
    }
    this.#ids[this.length++] = id;
  }

  /** Removes the last id and returns it. The stack must not be empty. */
  pop(): TypeId {
    return this.#ids[--this.length] as number;
  }

  at(index: number): TypeId {
    return this.#ids[index] as number;
  }
}
