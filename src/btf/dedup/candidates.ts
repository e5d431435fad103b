import type { TypeId } from "../types.ts";

/**
 * A hash table of types. Of several equal types, deduplication keeps the one that it finds first in this table. To keep
 * the same types as libbpf, the table has the order of libbpf's hash map: of the types with the same hash, the newest
 * comes first, and this order is reversed when the table grows.
 */
export class Candidates {
  readonly #next: Uint32Array;
  readonly #hashes: Int32Array;
  #heads = new Uint32Array(0);
  #size = 0;

  constructor(endId: TypeId) {
    this.#next = new Uint32Array(endId);
    this.#hashes = new Int32Array(endId);
  }

  /** Adds a type. Add each type at most once. */
  add(hash: number, id: TypeId): void {
    if (this.#heads.length === 0 || Math.floor(((this.#size + 1) * 4) / 3) > this.#heads.length) this.#grow();
    this.#hashes[id] = hash;
    this.#size++;
    this.#put(this.#heads, id);
  }

  /** Returns the first type with this hash; 0 if there is none. */
  first(hash: number): TypeId {
    if (this.#heads.length === 0) return 0;
    return this.#skip(this.#heads[hash & (this.#heads.length - 1)] as number, hash | 0);
  }

  /** Returns the type after `id` that has the same hash; 0 at the end. */
  next(id: TypeId): TypeId {
    return this.#skip(this.#next[id] as number, this.#hashes[id] as number);
  }

  #skip(id: TypeId, hash: number): TypeId {
    let at = id;
    while (at !== 0 && this.#hashes[at] !== hash) at = this.#next[at] as number;
    return at;
  }

  #put(heads: Uint32Array, id: TypeId): void {
    const bucket = (this.#hashes[id] as number) & (heads.length - 1);
    this.#next[id] = heads[bucket] as number;
    heads[bucket] = id;
  }

  #grow(): void {
    const heads = new Uint32Array(Math.max(4, 2 * this.#heads.length));
    for (const head of this.#heads) {
      for (let id = head; id !== 0; ) {
        const next = this.#next[id] as number;
        this.#put(heads, id);
        id = next;
      }
    }
    this.#heads = heads;
  }
}
