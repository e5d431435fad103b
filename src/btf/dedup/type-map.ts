import type { TypeId } from "../types.ts";

/** What {@link TypeMap} has for a type that nothing is known of yet. */
export const NOT_MAPPED = 0xffffffff;

/** Which type stands for which: itself, or another that may be mapped further. Void stands for itself. */
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

  /** The type at the end of the chain, as far as it is known. */
  resolve(id: TypeId): TypeId {
    let at = id;
    for (let next = this.#map[at] as number; next !== NOT_MAPPED && next !== at; next = this.#map[at] as number)
      at = next;
    return at;
  }
}
