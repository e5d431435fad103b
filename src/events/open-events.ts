import { UsageError } from "../errors/index.ts";
import { BpfMapFlag, BpfMapType } from "../uapi/index.ts";
import { EventReader } from "./event-reader.ts";
import type { EventMap, EventSource, OnRecord } from "./event-source.ts";
import { OverwriteSource } from "./overwrite-source.ts";
import { type PerfBufferOptions, PerfSource } from "./perf-source.ts";
import { copyRecord, type RecordType, recordDecoder } from "./record-decoder.ts";
import { RecordStream, type RecordStreamOptions } from "./record-stream.ts";
import { RingSource } from "./ring-source.ts";

/**
 * Reads one or several ring buffers (Linux 5.8) with functions that get each record where it lies, without a copy.
 * Nothing is read until `listen()`, `consume()` or `wait()`. A ring has one reader: a second would steal records.
 * Of a ring with BPF_F_RB_OVERWRITE (6.19) each record is copied first, for the program may overwrite it meanwhile.
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

/** As {@link openRingBuffers}, for one. */
export function openRingBuffer(map: EventMap, onRecord: OnRecord): EventReader {
  return openRingBuffers([{ map, onRecord }]);
}

/** Reads a perf event array: opens a ring for each CPU and puts it into the map. Needs CAP_PERFMON. */
export function openPerfBuffer(map: EventMap, onRecord: OnRecord, options: PerfBufferOptions = {}): EventReader {
  return new EventReader([{ source: new PerfSource(map, options), onRecord }]);
}

/** How the records of a map are read. */
export interface RecordsOptions extends RecordStreamOptions {
  /** What a record is; without it records are Uint8Arrays. */
  readonly as?: RecordType | undefined;
  /** For a perf event array: its rings. */
  readonly perf?: PerfBufferOptions | undefined;
}

/** The records of a ring buffer or a perf event array as an async iterable, decoded by BTF type where that is given. */
// biome-ignore lint/suspicious/noExplicitAny: what BTF decodes to is known to the caller alone
export function records<T = any>(map: EventMap, options: RecordsOptions = {}): RecordStream<T> {
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

/** All of them, or none: what was opened before one fails is closed again. */
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
