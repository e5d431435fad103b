import { UsageError } from "../errors/index.ts";
import { checkOptions, type OptionTable } from "../kernel/index.ts";
import { BpfMapFlag, BpfMapType } from "../uapi/index.ts";
import { EventReader } from "./event-reader.ts";
import { checkEventMap, checkOnRecord, type EventMap, type EventSource, type OnRecord } from "./event-source.ts";
import { OverwriteRecords } from "./overwrite-records.ts";
import { type PerfBufferOptions, PerfRecords } from "./perf-records.ts";
import { copyRecord, type RecordType, recordDecoder } from "./record-decoder.ts";
import { RecordStream, type RecordStreamOptions } from "./record-stream.ts";
import { RingRecords } from "./ring-records.ts";

/**
 * Opens a reader for one or several ring buffers (Linux 5.8). Each record is passed to the function of its ring, as
 * bytes in a view. No JavaScript object is made for it. Nothing is read until `listen()`, `consume()` or `wait()` is
 * called. Open only one reader for a ring, because each record goes to only one reader.
 */
export function openRingBuffers(
  rings: readonly { readonly map: EventMap; readonly onRecord: OnRecord }[],
): EventReader {
  if (!Array.isArray(rings)) throw new UsageError("openRingBuffers needs an array of { map, onRecord }");
  return openReader(rings, "openRingBuffers");
}

/** Opens a reader for one ring buffer. See {@link openRingBuffers}. */
export function openRingBuffer(map: EventMap, onRecord: OnRecord): EventReader {
  return openReader([{ map, onRecord }], "openRingBuffer");
}

function openReader(rings: Parameters<typeof openRingBuffers>[0], caller: string): EventReader {
  for (const { map, onRecord } of rings) {
    checkEventMap(map, caller);
    checkOnRecord(onRecord, caller);
  }
  return new EventReader(
    openAll(
      rings.map(({ map, onRecord }) => () => ({ source: openRing(map), onRecord })),
    ),
  );
}

/** Opens a reader for a perf event array. Makes a ring for each CPU and puts it into the map. Needs CAP_PERFMON. */
export function openPerfBuffer(map: EventMap, onRecord: OnRecord, options: PerfBufferOptions = {}): EventReader {
  checkEventMap(map, "openPerfBuffer");
  checkOnRecord(onRecord, "openPerfBuffer");
  return new EventReader([{ source: new PerfRecords(map, options), onRecord }]);
}

/** Options of {@link records}. */
export interface RecordsOptions extends RecordStreamOptions {
  /** The type of the records, for decoding. Without a type, each record is a Uint8Array. */
  readonly as?: RecordType | undefined;
  /** Options for the rings of a perf event array. */
  readonly perf?: PerfBufferOptions | undefined;
}

const RECORDS_OPTIONS: OptionTable<RecordsOptions> = {
  as: "object",
  perf: "object",
  signal: "signal",
  whenSlow: ["wait", "drop"],
  capacity: "natural",
};

/** Reads the records of a ring buffer or a perf event array as an async iterable. `map.records()` does the same. */
// biome-ignore lint/suspicious/noExplicitAny: only the caller knows what the type decodes to
export function records<T = any>(map: EventMap, options: RecordsOptions = {}): RecordStream<T> {
  checkEventMap(map, "records");
  checkOptions("records", options, RECORDS_OPTIONS);
  if (options.capacity !== undefined && options.whenSlow !== "drop") {
    throw new UsageError("records: the option 'capacity' needs whenSlow: \"drop\"; otherwise records stay in the ring");
  }
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
  if (map.type === BpfMapType.BPF_MAP_TYPE_RINGBUF) {
    if (options.perf === undefined) return openRing(map);
    throw new UsageError(`records: ${map.what} is of type ringbuf, and the option 'perf' is for a perf_event_array`);
  }
  if (map.type === BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY) return new PerfRecords(map, options.perf);
  throw new UsageError(`${map.what} is of type ${map.typeName}: only a ringbuf or a perf_event_array has records`);
}

function openRing(map: EventMap): EventSource {
  return (map.flags & BpfMapFlag.BPF_F_RB_OVERWRITE) === 0 ? new RingRecords(map) : new OverwriteRecords(map);
}

/** Opens all sources. If a source cannot be opened, closes the sources that are already open, and throws. */
function openAll<T extends { readonly source: EventSource }>(open: readonly (() => T)[]): T[] {
  const done: T[] = [];
  try {
    for (const one of open) done.push(one());
    return done;
  } catch (error) {
    for (const { source } of done) source.close();
    throw error;
  }
}
