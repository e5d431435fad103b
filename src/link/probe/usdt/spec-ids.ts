import { UsageError } from "../../../errors/index.ts";
import type { BpfMap } from "../../../map/index.ts";

/** Which elements of an object's `__bpf_usdt_specs` are in use. */
export class SpecIds {
  readonly #most: number;
  readonly #free: number[] = [];
  #next = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** A number that no other attachment has. Throws UsageError if all are in use. */
  take(): number {
    const id = this.#free.pop() ?? this.#next++;
    if (id < this.#most) return id;
    this.#next = this.#most;
    throw new UsageError(
      `map __bpf_usdt_specs: all ${this.#most} elements are in use; define BPF_USDT_MAX_SPEC_CNT larger in the object`,
    );
  }

  give(ids: Iterable<number>): void {
    this.#free.push(...ids);
  }
}

const byMap = new WeakMap<BpfMap, SpecIds>();

/** The numbers of a map; as many attachments as use the same object share them. */
export function specIdsOf(specs: BpfMap): SpecIds {
  const known = byMap.get(specs) ?? new SpecIds(specs.maxEntries);
  byMap.set(specs, known);
  return known;
}
