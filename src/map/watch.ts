import { UsageError } from "../errors/index.ts";
import { EndableWait, endAtOnce, onAbort } from "../events/index.ts";
import { checkOptions, type OptionTable } from "../kernel/index.ts";

/** A change of a map between two polls. */
export interface MapChange<K, V> {
  readonly kind: "added" | "changed" | "removed";
  readonly key: K;
  /** The current value. For a removed element, the last value that was read. */
  readonly value: V;
  /** The value before the change, for a changed element. */
  readonly before?: V;
}

/** A map whose elements can be listed. */
export interface WatchedMap<K, V> {
  entries(): Iterable<[K, V]>;
}

/** Options of {@link watchMap}. */
export interface WatchOptions<K, V> {
  /** Milliseconds between two polls. Default 1,000. */
  readonly interval?: number | undefined;
  /** Ends the iteration when it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Converts a key or value to a text. {@link watchMap} compares these texts to find changes. Default: JSON, with
   * bigints as texts.
   */
  readonly identify?: ((part: K | V) => string) | undefined;
}

const OPTIONS: OptionTable<WatchOptions<unknown, unknown>> = {
  interval: "natural",
  signal: "signal",
  identify: "function",
};

/**
 * Yields the changes of a map. This function polls the map, because the kernel does not report changes. So it misses a
 * change that is undone before the next poll. The elements that the map has at the beginning are not reported.
 */
export function watchMap<K, V>(
  map: WatchedMap<K, V>,
  options: WatchOptions<K, V> = {},
): AsyncGenerator<MapChange<K, V>, void, undefined> {
  if (typeof (map as Partial<WatchedMap<K, V>> | null | undefined)?.entries !== "function") {
    throw new UsageError("watchMap needs a map whose elements can be listed");
  }
  checkOptions("watchMap", options, OPTIONS);
  const waiting = new EndableWait();
  return endAtOnce(changesOf(map, options, waiting), waiting.end);
}

async function* changesOf<K, V>(
  map: WatchedMap<K, V>,
  { interval = 1000, signal, identify = textOf }: WatchOptions<K, V>,
  waiting: EndableWait,
): AsyncGenerator<MapChange<K, V>, void, undefined> {
  let before = poll(map, identify);
  const stopListening = onAbort(signal, waiting.end);
  try {
    for (;;) {
      await waiting.wait(interval);
      if (waiting.isEnded) return;
      const now = poll(map, identify);
      for (const [id, { key, value, text }] of now) {
        const old = before.get(id);
        if (old === undefined) yield { kind: "added", key, value };
        else if (old.text !== text) yield { kind: "changed", key, value, before: old.value };
      }
      for (const [id, { key, value }] of before) if (!now.has(id)) yield { kind: "removed", key, value };
      before = now;
    }
  } finally {
    stopListening();
  }
}

function poll<K, V>(
  map: WatchedMap<K, V>,
  identify: (part: K | V) => string,
): Map<string, { key: K; value: V; text: string }> {
  const found = new Map<string, { key: K; value: V; text: string }>();
  for (const [key, value] of map.entries()) found.set(identify(key), { key, value, text: identify(value) });
  return found;
}

function textOf(part: unknown): string {
  return JSON.stringify(part, (_, value) => (typeof value === "bigint" ? `${value}n` : value));
}
