import { beginCall, placeRoom } from "./arena.ts";
import { fail } from "./fail.ts";
import { syscall } from "./ffi.ts";

const CLOCK_REALTIME = 0;
const CLOCK_BOOTTIME = 7;

/**
 * Nanoseconds to add to a time since boot, such as a program's `load_time`, to get the time since 1970. It moves when
 * the clock is set.
 */
export function bootToWallClock(): bigint {
  // Node knows neither CLOCK_BOOTTIME nor more than milliseconds of CLOCK_REALTIME; both round a second differently.
  return readClock(CLOCK_REALTIME) - readClock(CLOCK_BOOTTIME);
}

/** Nanoseconds since boot, with the time spent suspended: the clock of `load_time` and of bpf_ktime_get_boot_ns(). */
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
