import { readFileSync } from "node:fs";
import { FormatError } from "../errors/index.ts";
import { beginCall, placeRoom } from "./call-buffer.ts";
import { syscall } from "./ffi.ts";
import { fail } from "./permission.ts";

const POSSIBLE = "/sys/devices/system/cpu/possible";
const ONLINE = "/sys/devices/system/cpu/online";

/**
 * Higher CPU numbers are rejected, so that a malformed file cannot make a huge list. Kernels support at most 8,192 CPUs
 * (NR_CPUS).
 */
const MOST_CPUS = 65536;

let possible: readonly number[] | undefined;

/** Returns the possible CPUs: all CPUs that could ever be online. The list is read only once. */
export function possibleCpuIds(): readonly number[] {
  possible ??= parseCpuList(readFileSync(POSSIBLE, "utf8"), POSSIBLE);
  return possible;
}

/** Returns the number of possible CPUs. An element of a per-CPU map has this number of values. */
export function possibleCpus(): number {
  return possibleCpuIds().length;
}

/** Returns the CPUs that are online. */
export function onlineCpus(): number[] {
  return parseCpuList(readFileSync(ONLINE, "utf8"), ONLINE);
}

/** Parses a list of CPUs such as `0-3,8`. */
export function parseCpuList(text: string, source = "the CPU list"): number[] {
  const cpus: number[] = [];
  for (const part of text.trim().split(",")) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? first);
    if (match === null || !(first <= last && last < MOST_CPUS)) {
      throw new FormatError({ source }, `${JSON.stringify(part)} is not a CPU number or a range of CPU numbers`);
    }
    for (let cpu = first; cpu <= last; cpu++) cpus.push(cpu);
  }
  return cpus;
}

const AT_PAGESZ = 6n;
let size: number | undefined;

/**
 * Returns the page size: 4,096 bytes, or more on some arm64 kernels. The kernel passes it to every process
 * (getauxval(3)).
 */
export function pageSize(): number {
  size ??= readPageSize();
  return size;
}

function readPageSize(): number {
  const entries = readFileSync("/proc/self/auxv");
  for (let at = 0; at + 16 <= entries.length; at += 16) {
    if (entries.readBigUInt64LE(at) === AT_PAGESZ) return Number(entries.readBigUInt64LE(at + 8));
  }
  return 4096;
}

const CLOCK_REALTIME = 0;
const CLOCK_BOOTTIME = 7;
/** If two clocks are read within this many nanoseconds, the two readings count as simultaneous. */
const CLOCKS_AT_ONE_GO = 20_000n;

/**
 * Returns how many nanoseconds to add to a time since boot, such as a program's `load_time`, to get the time since
 * 1970. The result changes when the clock is set.
 */
export function bootToWallClock(): bigint {
  // Node has no CLOCK_BOOTTIME. It reads CLOCK_REALTIME only in milliseconds, which would round some seconds wrongly.
  let narrowest: bigint | undefined;
  let difference = 0n;
  // The process may be interrupted between two readings. Then the readings are not simultaneous, so read the clocks
  // again.
  for (let tries = 0; tries < 5; tries++) {
    const before = readClock(CLOCK_REALTIME);
    const boot = readClock(CLOCK_BOOTTIME);
    const width = readClock(CLOCK_REALTIME) - before;
    if (narrowest === undefined || width < narrowest) {
      narrowest = width;
      difference = before + width / 2n - boot;
    }
    if (narrowest < CLOCKS_AT_ONE_GO) break;
  }
  return difference;
}

/**
 * Returns the nanoseconds since boot, including the time in suspend. This is the clock of `load_time` and of
 * bpf_ktime_get_boot_ns().
 */
export function bootTime(): bigint {
  return readClock(CLOCK_BOOTTIME);
}

function readClock(clock: number): bigint {
  beginCall();
  const { address, bytes } = placeRoom(16);
  const result = syscall("clock_gettime", clock, address);
  if (result < 0) throw fail("clock_gettime", -result);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return view.getBigInt64(0, true) * 1_000_000_000n + view.getBigInt64(8, true);
}
