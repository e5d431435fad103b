import { beginCall, placeRoom } from "./arena.ts";
import { syscall } from "./ffi.ts";
import { kernelAtLeast } from "./running-kernel.ts";

const RLIMIT_MEMLOCK = 8;
let done = false;

/**
 * Raises RLIMIT_MEMLOCK to infinity, once, on kernels before 5.11, which charge BPF memory to it; newer ones use the
 * memory cgroup. A refusal is not reported: the call that then fails with EPERM says it.
 */
export function raiseMemlock(): void {
  if (done) return;
  done = true;
  if (kernelAtLeast(5, 11)) return;
  setMemlock();
}

/** Sets the limit of this process, soft and hard, to infinity. False where the kernel refused. */
export function setMemlock(): boolean {
  beginCall();
  const limit = placeRoom(16);
  limit.bytes.fill(0xff);
  return syscall("prlimit64", 0, RLIMIT_MEMLOCK, limit.address, 0) >= 0;
}
