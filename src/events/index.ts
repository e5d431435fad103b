export { EventReader } from "./event-reader.ts";
export type { EventMap, EventSource, OnRecord } from "./event-source.ts";
export { openPerfBuffer, openRingBuffer, openRingBuffers, type RecordsOptions, records } from "./open-events.ts";
export type { OnLost } from "./perf-ring.ts";
export { type PerfBufferOptions, PerfSource } from "./perf-source.ts";
export { decoded, findRecordType, type RecordType } from "./record-decoder.ts";
export { type DecodeRecord, RecordStream, type RecordStreamOptions } from "./record-stream.ts";
export { traceLog } from "./trace-log.ts";
export { type Reservation, UserRingBuffer } from "./user-ring-buffer.ts";
