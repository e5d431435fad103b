import {
  type AssemblyItem,
  add,
  assemble,
  callHelper,
  exit,
  jeq,
  jne,
  label,
  ldMapFd,
  ldx,
  mov,
  r0,
  r1,
  r2,
  r3,
  r4,
  r6,
  r7,
  r8,
  r9,
  r10,
  st,
  stx,
  sub,
} from "../asm/index.ts";

/** struct bpf_perf_event_value { __u64 counter, enabled, running; } */
export const READING_SIZE = 24;
const FIELDS = [0, 8, 16] as const;
/**
 * The size of the u64 before the readings in a map's element. In `started`, this u64 is 1 if the readings are valid. In
 * `totals`, it is the number of measured runs.
 */
export const HEADER_SIZE = 8;
const KEY = -8;
const OUT = "out";

/** The maps of the two probes. */
export interface ProbeMaps {
  /**
   * A perf event array. It has one event for each metric and possible CPU: first all CPUs of the first metric, then all
   * CPUs of the second, and so on.
   */
  readonly events: number;
  /** Two per-CPU arrays with one element: a u64, then a reading for each metric. */
  readonly started: number;
  readonly totals: number;
}

/** Assembles the fentry program. It stores the counters in `started`. */
export function entryProbe(maps: ProbeMaps, metrics: number, cpus: number): Uint8Array {
  return assemble([
    callHelper("bpf_get_smp_processor_id"),
    mov(r6, r0),
    ...lookup(maps.started),
    mov(r7, r0),
    // Invalidate the readings of an earlier run whose exit was missed.
    st("u64", r7, 0, 0),
    ...Array.from({ length: metrics }, (_, i) => [
      mov(r3, r7),
      add(r3, HEADER_SIZE + i * READING_SIZE),
      ...readCounter(maps.events, i * cpus),
    ]).flat(),
    st("u64", r7, 0, 1),
    ...end(),
  ]);
}

/**
 * Assembles the fexit program. It reads the counters first, and then adds their increase since the entry to `totals`.
 */
export function exitProbe(maps: ProbeMaps, metrics: number, cpus: number): Uint8Array {
  const place = (i: number): number => KEY - (i + 1) * READING_SIZE;
  return assemble([
    callHelper("bpf_get_smp_processor_id"),
    mov(r6, r0),
    ...Array.from({ length: metrics }, (_, i) => [
      mov(r3, r10),
      add(r3, place(i)),
      ...readCounter(maps.events, i * cpus),
    ]).flat(),
    ...lookup(maps.started),
    mov(r7, r0),
    ...lookup(maps.totals),
    mov(r8, r0),
    ldx("u64", r1, r7, 0),
    jeq(r1, 0, OUT),
    st("u64", r7, 0, 0),
    ldx("u64", r1, r8, 0),
    add(r1, 1),
    stx("u64", r8, r1, 0),
    ...Array.from({ length: metrics }, (_, i) =>
      FIELDS.flatMap((field) => {
        const at = HEADER_SIZE + i * READING_SIZE + field;
        return [
          ldx("u64", r1, r10, place(i) + field),
          ldx("u64", r2, r7, at),
          sub(r1, r2),
          ldx("u64", r9, r8, at),
          add(r9, r1),
          stx("u64", r8, r9, at),
        ];
      }),
    ).flat(),
    ...end(),
  ]);
}

/** Returns code that sets r0 to the address of a map's only element, or jumps to the end if there is none. */
function lookup(map: number): AssemblyItem[] {
  return [
    st("u32", r10, KEY, 0),
    ldMapFd(r1, map),
    mov(r2, r10),
    add(r2, KEY),
    callHelper("bpf_map_lookup_elem"),
    jeq(r0, 0, OUT),
  ];
}

/**
 * Returns code that reads the event at index `first` + r6 (this CPU) into the memory at r3, or jumps to the end if the
 * read fails.
 */
function readCounter(events: number, first: number): AssemblyItem[] {
  return [
    ldMapFd(r1, events),
    mov(r2, r6),
    add(r2, first),
    mov(r4, READING_SIZE),
    callHelper("bpf_perf_event_read_value"),
    jne(r0, 0, OUT),
  ];
}

function end(): AssemblyItem[] {
  return [label(OUT), mov(r0, 0), exit()];
}
