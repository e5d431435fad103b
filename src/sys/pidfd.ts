import { syscall } from "./ffi.ts";
import { fail } from "./permission.ts";

/** An fd that stands for a process (5.3); close-on-exec, and the caller's to close. ESRCH: there is none. */
export function pidfdOpen(pid: number): number {
  const result = syscall("pidfd_open", pid, 0);
  if (result < 0) throw fail("pidfd_open", -result, { subject: `process ${pid}` });
  return result;
}
