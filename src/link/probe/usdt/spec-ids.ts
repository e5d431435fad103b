import { UsageError } from "../../../errors/index.ts";
import type { BpfMap } from "../../../map/index.ts";

/** Allocates elements of the map `__bpf_usdt_specs` of an object. */
export class SpecIds {
  readonly #most: number;
  readonly #free: number[] = [];
  #next = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Returns the number of a free element. Throws UsageError if all elements are in use. */
  take(): number {
    const id = this.#free.pop() ?? this.#next++;
    if (id < this.#most) return id;
    this.#next = this.#most;
    throw new UsageError(
      `all ${this.#most} elements of the map __bpf_usdt_specs are in use; define a larger BPF_USDT_MAX_SPEC_CNT in the source of the object`,
    );
  }

  give(ids: Iterable<number>): void {
    this.#free.push(...ids);
  }
}

const byMap = new WeakMap<BpfMap, SpecIds>();

/** Returns the allocator of a map. All attachments of the same object share it. */
export function specIdsOf(specs: BpfMap): SpecIds {
  const known = byMap.get(specs) ?? new SpecIds(specs.maxEntries);
  byMap.set(specs, known);
  return known;
}
