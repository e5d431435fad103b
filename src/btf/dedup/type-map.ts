import type { TypeId } from "../types.ts";

/** The entry of {@link TypeMap} for a type that is not mapped yet. */
export const NOT_MAPPED = 0xffffffff;

/**
 * Maps each type to the type that replaces it: itself, or a type that may be mapped to another one in turn. Void is
 * mapped to itself.
 */
export class TypeMap {
  readonly #map: Uint32Array;

  constructor(endId: TypeId) {
    this.#map = new Uint32Array(endId).fill(NOT_MAPPED);
    this.#map[0] = 0;
  }

  has(id: TypeId): boolean {
    return this.#map[id] !== NOT_MAPPED;
  }

  get(id: TypeId): TypeId {
    return this.#map[id] as number;
  }

  set(id: TypeId, other: TypeId): void {
    this.#map[id] = other;
  }

  /** Follows the map from a type until a type is mapped to itself or not mapped yet, and returns that type. */
  resolve(id: TypeId): TypeId {
    let at = id;
    for (let next = this.#map[at] as number; next !== NOT_MAPPED && next !== at; next = this.#map[at] as number)
      at = next;
    return at;
  }
}
