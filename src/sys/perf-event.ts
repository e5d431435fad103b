import { readFileSync } from "node:fs";
import { Errno } from "../errors/index.ts";
import { addFlags, checkI32, checkU64, lookUp } from "../layout/index.ts";
import { PerfEventAttr, PerfEventBit, PerfFlag, PerfIoctl } from "../uapi/index.ts";
import { beginCall, placeRoom, placeText } from "./call-buffer.ts";
import { syscall } from "./ffi.ts";
import { endWithThread } from "./owned-fd.ts";
import { fail } from "./permission.ts";

/** The arguments of perf_event_open(2), by the kernel's names. Omitted fields are 0. */
export interface PerfEventOptions {
  /** One of PerfType, or the number of a PMU. */
  readonly type: number;
  readonly config?: bigint | number | undefined;
  /** The sample period. With `bits: ["freq"]` it is the sample frequency. */
  readonly sample_period?: bigint | number | undefined;
  readonly sample_type?: bigint | undefined;
  readonly read_format?: bigint | undefined;
  /** Names of one-bit fields to set. */
  readonly bits?: readonly (keyof typeof PerfEventBit)[] | undefined;
  /** The fd becomes ready after this many records; with the bit `watermark`, after this many bytes. */
  readonly wakeup_events?: number | undefined;
  /** The file of a uprobe or the function of a kprobe. The kernel gets it in the field `config1`. */
  readonly path?: string | undefined;
  readonly config1?: bigint | number | undefined;
  /** The offset of a probe in its file or function; for a kprobe without a function, its address. */
  readonly config2?: bigint | number | undefined;
  /** The process to observe; -1 for all processes. Default: 0, the calling thread. */
  readonly pid?: number | undefined;
  /** The CPU to observe. Default: -1, any CPU; this needs a `pid`. */
  readonly cpu?: number | undefined;
  readonly group_fd?: number | undefined;
  /** Flags of PerfFlag; close-on-exec is always set. */
  readonly flags?: number | undefined;
}

/** Calls perf_event_open(2) and returns the fd. */
export function perfEventOpen(options: PerfEventOptions): number {
  const { type, path, pid = 0, cpu = -1, group_fd = -1 } = options;
  for (const [name, value] of Object.entries({ pid, cpu, group_fd })) checkI32(value, name);
  const flags = addFlags(options.flags ?? 0, PerfFlag.PERF_FLAG_FD_CLOEXEC, "flags");
  beginCall();
  const attr = placeRoom(PerfEventAttr.size);
  const view = new DataView(attr.bytes.buffer, attr.bytes.byteOffset, attr.bytes.byteLength);
  let bits = 0n;
  for (const name of options.bits ?? []) bits |= lookUp<bigint>(PerfEventBit, name, "bit of perf_event_attr");
  PerfEventAttr.fill(view, 0, {
    type,
    size: PerfEventAttr.size,
    config: checkU64(options.config ?? 0, "config"),
    sample_period: checkU64(options.sample_period ?? 0, "sample_period"),
    sample_type: options.sample_type ?? 0n,
    read_format: options.read_format ?? 0n,
    bits,
    wakeup_events: options.wakeup_events ?? 0,
    config1: path === undefined ? checkU64(options.config1 ?? 0, "config1") : BigInt(placeText(path)),
    config2: checkU64(options.config2 ?? 0, "config2"),
  });
  const result = syscall("perf_event_open", attr.address, pid, cpu, group_fd, flags);
  if (result < 0) throw fail("perf_event_open", -result, { needs: ["CAP_PERFMON"], ...subjectOf(path) });
  return endWithThread(result);
}

function subjectOf(path: string | undefined): { subject?: string } {
  return path === undefined ? {} : { subject: path };
}

function perfIoctl(fd: number, name: keyof typeof PerfIoctl, argument: number): void {
  const result = syscall("ioctl", fd, PerfIoctl[name], argument);
  if (result < 0) throw fail(`ioctl(${name})`, -result, { needs: ["CAP_PERFMON"] });
}

/** Enables a perf event. */
export function perfEventEnable(fd: number): void {
  perfIoctl(fd, "PERF_EVENT_IOC_ENABLE", 0);
}

/** Disables a perf event. */
export function perfEventDisable(fd: number): void {
  perfIoctl(fd, "PERF_EVENT_IOC_DISABLE", 0);
}

/** Resets the counter of a perf event to 0. */
export function perfEventReset(fd: number): void {
  perfIoctl(fd, "PERF_EVENT_IOC_RESET", 0);
}

/**
 * Attaches a program to a perf event without a link. The program stays attached as long as the event's fd is open.
 * Kernels before 5.15 have no other way.
 */
export function perfEventSetBpf(fd: number, progFd: number): void {
  perfIoctl(fd, "PERF_EVENT_IOC_SET_BPF", checkI32(progFd, "progFd"));
}

/** Pauses or resumes writing to the event's ring (4.7). Records that arrive during a pause are lost. */
export function perfEventPauseOutput(fd: number, pause: boolean): void {
  perfIoctl(fd, "PERF_EVENT_IOC_PAUSE_OUTPUT", pause ? 1 : 0);
}

/**
 * Returns the ids of the programs that are attached to the tracepoint of a perf event. The kernel allows at most 64
 * programs on a tracepoint.
 */
export function perfEventQueryBpf(fd: number): number[] {
  // struct perf_event_query_bpf { __u32 ids_len, prog_cnt, ids[]; }; BPF_TRACE_MAX_PROGS is 64.
  beginCall();
  const room = placeRoom(8 + 64 * 4);
  const view = new DataView(room.bytes.buffer, room.bytes.byteOffset, room.bytes.byteLength);
  view.setUint32(0, 64, true);
  const result = syscall("ioctl", fd, PerfIoctl.PERF_EVENT_IOC_QUERY_BPF, room.address);
  if (result < 0 && result !== -Errno.ENOSPC) throw fail("ioctl(PERF_EVENT_IOC_QUERY_BPF)", -result);
  return Array.from({ length: Math.min(view.getUint32(4, true), 64) }, (_, i) => view.getUint32(8 + i * 4, true));
}

/** A PMU, which is a source of perf events: `kprobe`, `uprobe`, … The kernel numbers the PMUs at boot. */
export interface PerfPmu {
  /** `perf_event_attr.type`. */
  readonly type: number;
  /**
   * Returns the first bit of a field of `perf_event_attr.config`, such as `retprobe`; undefined if there is no such
   * field.
   */
  bit(field: string): number | undefined;
}

/**
 * Finds a PMU by its name in /sys/bus/event_source/devices. Returns undefined if this kernel was built without the PMU.
 */
export function perfPmu(name: string): PerfPmu | undefined {
  const directory = `/sys/bus/event_source/devices/${name}`;
  const type = readLine(`${directory}/type`);
  if (type === undefined) return undefined;
  return {
    type: Number(type),
    bit: (field) => {
      const format = /^config:(\d+)/.exec(readLine(`${directory}/format/${field}`) ?? "")?.[1];
      return format === undefined ? undefined : Number(format);
    },
  };
}

function readLine(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}
