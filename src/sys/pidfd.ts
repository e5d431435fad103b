import { syscall } from "./ffi.ts";
import { fail } from "./permission.ts";

/**
 * Opens a pidfd for a process (5.3) and returns it. The pidfd is close-on-exec, and the caller must close it. Fails
 * with ESRCH if there is no such process.
 */
export function pidfdOpen(pid: number): number {
  const result = syscall("pidfd_open", pid, 0);
  if (result < 0) throw fail("pidfd_open", -result, { subject: `process ${pid}` });
  return result;
}
