import { UsageError } from "../errors/index.ts";
import { checkOptions, type OptionTable } from "../kernel/index.ts";
import { BpfMapFlag, BpfMapType } from "../uapi/index.ts";
import { EventReader } from "./event-reader.ts";
import type { EventMap, EventSource, OnRecord } from "./event-source.ts";
import { OverwriteSource } from "./overwrite-source.ts";
import { type PerfBufferOptions, PerfSource } from "./perf-source.ts";
import { copyRecord, type RecordType, recordDecoder } from "./record-decoder.ts";
import { RecordStream, type RecordStreamOptions } from "./record-stream.ts";
import { RingSource } from "./ring-source.ts";

/**
 * Opens a reader for one or several ring buffers (Linux 5.8). Each record goes to the function of its ring, as bytes in a
 * view; no object is made for it. Nothing is read until `listen()`, `consume()` or `wait()` is called. A ring has one reader:
 * a second one would take records from the first.
 */
export function openRingBuffers(
  rings: readonly { readonly map: EventMap; readonly onRecord: OnRecord }[],
): EventReader {
  return new EventReader(
    opened(
      rings.map(({ map, onRecord }) => () => ({ source: openRing(map), onRecord })),
    ),
  );
}

/** Opens a reader for one ring buffer. See {@link openRingBuffers}. */
export function openRingBuffer(map: EventMap, onRecord: OnRecord): EventReader {
  return openRingBuffers([{ map, onRecord }]);
}

/** Opens a reader for a perf event array: a ring for each CPU, which goes into the map. Needs CAP_PERFMON. */
export function openPerfBuffer(map: EventMap, onRecord: OnRecord, options: PerfBufferOptions = {}): EventReader {
  return new EventReader([{ source: new PerfSource(map, options), onRecord }]);
}

/** How {@link records} reads a map. */
export interface RecordsOptions extends RecordStreamOptions {
  /** The type to decode records by. Without it a record is a Uint8Array. */
  readonly as?: RecordType | undefined;
  /** How the rings of a perf event array are opened. */
  readonly perf?: PerfBufferOptions | undefined;
}

const RECORDS_OPTIONS: OptionTable<RecordsOptions> = {
  as: "object",
  perf: "object",
  signal: "object",
  whenSlow: ["wait", "drop"],
  capacity: "natural",
};

/** Reads the records of a ring buffer or a perf event array as an async iterable. `map.records()` does the same. */
// biome-ignore lint/suspicious/noExplicitAny: only the caller knows what the type decodes to
export function records<T = any>(map: EventMap, options: RecordsOptions = {}): RecordStream<T> {
  checkOptions("records", options, RECORDS_OPTIONS);
  const decode = options.as === undefined ? copyRecord : recordDecoder(options.as);
  const source = openSource(map, options);
  try {
    return new RecordStream(source, decode, options) as RecordStream<T>;
  } catch (error) {
    source.close();
    throw error;
  }
}

function openSource(map: EventMap, options: RecordsOptions): EventSource {
  if (map.type === BpfMapType.BPF_MAP_TYPE_RINGBUF) return openRing(map);
  if (map.type === BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY) return new PerfSource(map, options.perf);
  throw new UsageError(`${map.what} is of type ${map.typeName}: only a ringbuf or a perf_event_array has records`);
}

function openRing(map: EventMap): EventSource {
  return (map.flags & BpfMapFlag.BPF_F_RB_OVERWRITE) === 0 ? new RingSource(map) : new OverwriteSource(map);
}

/** Opens all of them. If one fails, closes those that were opened before. */
function opened<T extends { readonly source: EventSource }>(open: readonly (() => T)[]): T[] {
  const done: T[] = [];
  try {
    for (const one of open) done.push(one());
    return done;
  } catch (error) {
    for (const { source } of done) source.close();
    throw error;
  }
}
