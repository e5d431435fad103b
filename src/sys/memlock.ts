import { beginCall, placeRoom } from "./call-buffer.ts";
import { syscall } from "./ffi.ts";
import { kernelAtLeast } from "./running-kernel.ts";

const RLIMIT_MEMLOCK = 8;
let done = false;

/**
 * Raises RLIMIT_MEMLOCK to infinity, once. Does nothing on Linux 5.11 and newer, which charges BPF memory to the memory
 * cgroup instead. A failure is ignored: a later call then fails with EPERM, and the error of that call names the limit.
 */
export function raiseMemlock(): void {
  if (done) return;
  done = true;
  if (kernelAtLeast(5, 11)) return;
  setMemlock();
}

/** Sets the soft and the hard limit of this process to infinity. Returns false if the kernel refuses. */
export function setMemlock(): boolean {
  beginCall();
  const limit = placeRoom(16);
  limit.bytes.fill(0xff);
  return syscall("prlimit64", 0, RLIMIT_MEMLOCK, limit.address, 0) >= 0;
}
