import { beginCall, placeRoom, placeU64s } from "./call-buffer.ts";
import { syscall } from "./ffi.ts";

const SIG_BLOCK = 0;
const SIG_SETMASK = 2;
const SIGPROF = 27;
const SET_SIZE = 8;

/**
 * Runs a function while SIGPROF is blocked for this thread. Profilers such as `node --cpu-prof` send SIGPROF every
 * millisecond or faster. The verifier stops with EAGAIN at every signal. So, if the verification of a program takes
 * longer than the time between two signals, the program would never load.
 */
export function withoutProfilingSignal<T>(run: () => T): T {
  beginCall();
  const set = placeU64s([1n << BigInt(SIGPROF - 1)]);
  const room = placeRoom(SET_SIZE);
  const blocked = syscall("rt_sigprocmask", SIG_BLOCK, set, room.address, SET_SIZE) === 0;
  const before = room.bytes.slice();
  try {
    return run();
  } finally {
    if (blocked) {
      beginCall();
      const old = placeRoom(SET_SIZE);
      old.bytes.set(before);
      syscall("rt_sigprocmask", SIG_SETMASK, old.address, 0, SET_SIZE);
    }
  }
}
