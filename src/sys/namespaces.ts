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

// Both calls act on the calling thread alone. Threads that Node makes meanwhile (its pool) stay behind in the
// namespace: do it in a Worker that is made for it and ends after.

/** Moves the calling thread into the namespace of an fd, such as /proc/PID/ns/net. See the rule above. */
export function setNamespace(fd: number, type = 0): void {
  const result = syscall("setns", fd, type);
  if (result < 0) throw fail("setns", -result, { needs: ["CAP_SYS_ADMIN"] });
}

const NS_GET_NSTYPE = 0xb703;

/** Of which kind the namespace of an fd is: one of {@link Namespace}; undefined where the file is no namespace. */
export function namespaceType(fd: number): number | undefined {
  const result = syscall("ioctl", fd, NS_GET_NSTYPE);
  return result < 0 ? undefined : result;
}

/** Gives the calling thread new namespaces. See the rule above. */
export function unshare(flags: number): void {
  const result = syscall("unshare", flags);
  if (result < 0) throw fail("unshare", -result, { needs: ["CAP_SYS_ADMIN"] });
}
