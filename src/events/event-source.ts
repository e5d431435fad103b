import { UsageError } from "../errors/index.ts";
import type { BpfMapType } from "../uapi/index.ts";

/**
 * Receives a record: `length` bytes at `offset` of `view`, written on CPU `cpu` (-1 for a ring buffer, which has none).
 * The next record overwrites the bytes: copy what you keep.
 */
export type OnRecord = (view: DataView, offset: number, length: number, cpu: number) => void;

/** A ring to which programs write records. One reader takes the records out. */
export interface EventSource {
  /** File descriptors that become readable when there may be records. Empty once the source is closed. */
  readonly fds: readonly number[];
  /**
   * The number of records that the kernel dropped because the ring was full. Always 0 for a ring buffer, where the
   * program's call fails instead.
   */
  readonly lost: number;
  /**
   * Calls `onRecord` with at most `most` of the records that are ready, and returns their number. Returns 0 once the
   * source is closed.
   */
  read(onRecord: OnRecord, most: number): number;
  /** Calls `callback` before the map is closed. Returns a function that removes the callback. */
  onMapClose(callback: () => void): () => void;
  /** Frees the memory. A second call does nothing. */
  close(): void;
}

/** The properties of a map that its readers need. A `BpfMap` has them. */
export interface EventMap {
  readonly what: string;
  readonly fd: number;
  readonly type: BpfMapType;
  readonly typeName: string;
  readonly maxEntries: number;
  /** The flags (BPF_F_*) that the map was created with. */
  readonly flags: number;
  /** Calls `callback` before the map is closed. Returns a function that removes the callback. */
  onClose?(callback: () => void): () => void;
}

/** Throws UsageError for something that is not a map. `caller` is the name of the function that needs the map. */
export function checkEventMap(map: EventMap, caller: string): void {
  if (typeof (map as Partial<EventMap> | null | undefined)?.fd === "number") return;
  throw new UsageError(`${caller} needs a map, for example object.map("events")`);
}

/** Throws UsageError if the caller did not give a function for the records. */
export function checkOnRecord(onRecord: OnRecord, caller: string): void {
  if (typeof onRecord !== "function") throw new UsageError(`${caller} needs a function that receives each record`);
}

/** Calls `callback` before a map is closed, if the map has `onClose`. Returns a function that removes the callback. */
export function onMapClose(map: EventMap, callback: () => void): () => void {
  return map.onClose?.(callback) ?? (() => undefined);
}
