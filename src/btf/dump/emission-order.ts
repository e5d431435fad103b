import { BtfKind, type TypeId } from "../types.ts";
import type { FlatTypes } from "./flat-types.ts";
import type { WorkLimit } from "./work-limit.ts";

const ORDERING = 1;
const ORDERED = 2;

/**
 * Finds the order in which definitions must be printed: a type comes before the types that contain it. A struct behind
 * a pointer can be defined later. An anonymous struct cannot, because it is printed where it is used.
 */
export class EmissionOrder {
  readonly #types: FlatTypes;
  readonly #referenced: Uint8Array;
  readonly #limit: WorkLimit;
  readonly #states: Uint8Array;
  readonly #queue: TypeId[] = [];

  /** @param referenced 1 for each type that another type refers to */
  constructor(types: FlatTypes, referenced: Uint8Array, limit: WorkLimit) {
    this.#types = types;
    this.#referenced = referenced;
    this.#limit = limit;
    this.#states = new Uint8Array(types.endId);
    this.#states[0] = ORDERED;
  }

  /**
   * Returns the definitions that a type needs, and then the definition of the type itself. Definitions that an earlier
   * call returned are left out. The result is valid until the next call. Throws FormatError if structs contain each
   * other.
   */
  next(id: TypeId): readonly TypeId[] {
    this.#queue.length = 0;
    this.#visit(id, false, 0);
    return this.#queue;
  }

  isOrdered(id: TypeId): boolean {
    return this.#states[id] === ORDERED;
  }

  /** Returns true if the type must be defined, not only declared, before it is used (a strong link). */
  #visit(id: TypeId, behindPointer: boolean, depth: number): boolean {
    const states = this.#states;
    if (states[id] === ORDERED) return true;
    const types = this.#types;
    this.#limit.step(id, depth, types.vlen(id));
    const kind = types.kind(id);
    const isAnonymous = types.nameOffset(id) === 0;
    if (states[id] === ORDERING) {
      const isStruct = kind === BtfKind.STRUCT || kind === BtfKind.UNION;
      if (isStruct && behindPointer && !isAnonymous) return false;
      throw types.btf.error(id, "contains itself");
    }
    switch (kind) {
      case BtfKind.PTR: {
        const isStrong = this.#visit(types.target(id), true, depth + 1);
        states[id] = ORDERED;
        return isStrong;
      }
      case BtfKind.ARRAY:
        return this.#visit(types.target(id), false, depth + 1);
      case BtfKind.STRUCT:
      case BtfKind.UNION: {
        if (behindPointer && !isAnonymous) return false;
        states[id] = ORDERING;
        const vlen = types.vlen(id);
        for (let i = 0, at = types.after(id); i < vlen; i++, at += 3) {
          this.#visit(types.words[at + 1] as number, false, depth + 1);
        }
        if (!isAnonymous) this.#queue.push(id);
        states[id] = ORDERED;
        return true;
      }
      case BtfKind.ENUM:
      case BtfKind.ENUM64:
      case BtfKind.FWD:
        if (!isAnonymous || this.#referenced[id] === 0) this.#queue.push(id);
        states[id] = ORDERED;
        return true;
      case BtfKind.TYPEDEF: {
        const isStrong = this.#visit(types.target(id), behindPointer, depth + 1);
        if (behindPointer && !isStrong) return false;
        this.#queue.push(id);
        states[id] = ORDERED;
        return true;
      }
      case BtfKind.VOLATILE:
      case BtfKind.CONST:
      case BtfKind.RESTRICT:
      case BtfKind.TYPE_TAG:
        return this.#visit(types.target(id), behindPointer, depth + 1);
      case BtfKind.FUNC_PROTO: {
        let isStrong = this.#visit(types.third(id), behindPointer, depth + 1);
        const vlen = types.vlen(id);
        for (let i = 0, at = types.after(id); i < vlen; i++, at += 2) {
          if (this.#visit(types.words[at + 1] as number, behindPointer, depth + 1)) isStrong = true;
        }
        return isStrong;
      }
      default:
        // Integers need no definition. Functions, variables and the other kinds cannot have one.
        states[id] = ORDERED;
        return false;
    }
  }
}
