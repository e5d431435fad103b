import { setTimeout as pause } from "node:timers/promises";

/** One change between two looks at a map. */
export interface MapChange<K, V> {
  readonly kind: "added" | "changed" | "removed";
  readonly key: K;
  /** The value now; of a removed element the last one. */
  readonly value: V;
  /** Of a changed element: the value before. */
  readonly before?: V;
}

/** A map whose elements can be listed. */
export interface WatchedMap<K, V> {
  entries(): Iterable<[K, V]>;
}

/** How {@link watchMap} looks. */
export interface WatchOptions<K, V> {
  /** Milliseconds between two looks, 1,000 unless given. */
  readonly interval?: number | undefined;
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined;
  /** Texts by which keys and values are told apart. JSON unless given, with bigints as numbers. */
  readonly identify?: ((part: K | V) => string) | undefined;
}

/**
 * The changes of a map, as an async iterable: the elements are listed again and again, as the kernel tells of no
 * change. What changes and changes back between two looks is not seen. The first look's elements are no changes.
 */
export async function* watchMap<K, V>(
  map: WatchedMap<K, V>,
  options: WatchOptions<K, V> = {},
): AsyncGenerator<MapChange<K, V>, void, undefined> {
  const { interval = 1000, signal, identify = textOf } = options;
  let before = look(map, identify);
  for (;;) {
    try {
      await pause(interval, undefined, { signal });
    } catch (error) {
      if (signal?.aborted === true) return;
      throw error;
    }
    const now = look(map, identify);
    for (const [id, { key, value, text }] of now) {
      const old = before.get(id);
      if (old === undefined) yield { kind: "added", key, value };
      else if (old.text !== text) yield { kind: "changed", key, value, before: old.value };
    }
    for (const [id, { key, value }] of before) if (!now.has(id)) yield { kind: "removed", key, value };
    before = now;
  }
}

function look<K, V>(
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
