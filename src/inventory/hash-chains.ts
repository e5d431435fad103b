/**
 * Lists of values by key, in the order in which bpftool prints them. bpftool uses the chains of libbpf's hash map. In a
 * chain, the newest value comes first. Each time the table grows, the order of each chain is reversed.
 */
export class HashChains<T> {
  /** The list for each key, in reverse order: the last value of a list comes first in the chain. */
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
