import { syscall } from "./ffi.ts";
import { fail } from "./permission.ts";

/** Namespaces by their clone flags (include/uapi/linux/sched.h). */
export const Namespace = {
  CLONE_NEWNS: 0x20000,
  CLONE_NEWCGROUP: 0x2000000,
  CLONE_NEWUSER: 0x10000000,
  CLONE_NEWPID: 0x20000000,
  CLONE_NEWNET: 0x40000000,
} as const;

// setns(2) and unshare(2) change only the calling thread. Threads that this thread starts later, such as Node's pool,
// inherit the new namespace and keep it. So call these functions only in a Worker that exists for this purpose and ends
// afterwards.

/**
 * Moves the calling thread into the namespace of an fd, such as /proc/PID/ns/net. Call it only in a Worker; see above.
 */
export function setNamespace(fd: number, type = 0): void {
  const result = syscall("setns", fd, type);
  if (result < 0) throw fail("setns", -result, { needs: ["CAP_SYS_ADMIN"] });
}

const NS_GET_NSTYPE = 0xb703;

/**
 * Returns the kind of the namespace that an fd refers to, one of {@link Namespace}. Undefined if the fd is not a
 * namespace.
 */
export function namespaceType(fd: number): number | undefined {
  const result = syscall("ioctl", fd, NS_GET_NSTYPE);
  return result < 0 ? undefined : result;
}

/** Moves the calling thread into new namespaces. Call it only in a Worker; see above. */
export function unshare(flags: number): void {
  const result = syscall("unshare", flags);
  if (result < 0) throw fail("unshare", -result, { needs: ["CAP_SYS_ADMIN"] });
}
