/**
 * Lists of values by key, in the order in which bpftool prints them. bpftool stores the values in libbpf's hash map,
 * and the order comes from the chains of that hash map: a new value becomes the first of its chain, and each time the
 * hash map grows, the order of each chain is reversed.
 */
export class HashChains<T> {
  /** The values of each key, in the reverse of bpftool's order. `get()` returns a reversed copy. */
  readonly #lists = new Map<number, T[]>();
  #size = 0;
  #capacity = 0;

  get size(): number {
    return this.#size;
  }

  add(key: number, value: T): void {
    if (this.#capacity === 0 || Math.floor(((this.#size + 1) * 4) / 3) > this.#capacity) {
      this.#capacity = Math.max(4, this.#capacity * 2);
      for (const list of this.#lists.values()) list.reverse();
    }
    this.#size++;
    const list = this.#lists.get(key);
    if (list === undefined) this.#lists.set(key, [value]);
    else list.push(value);
  }

  get(key: number): T[] {
    return this.#lists.get(key)?.slice().reverse() ?? [];
  }
}
