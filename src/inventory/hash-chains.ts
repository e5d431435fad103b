/**
 * Lists of values by key, in the order in which bpftool prints them. bpftool uses the chains of libbpf's hash map: the
 * newest value comes first, and every chain is reversed each time the table grows.
 */
export class HashChains<T> {
  /** Each list is stored in reverse: its last value is the first of the chain. */
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
