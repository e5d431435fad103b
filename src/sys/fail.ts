import { SyscallError } from "../errors/index.ts";
import { explainPermission, type PermissionContext } from "./permission.ts";

/** A SyscallError of a system call. Where the kernel refused for want of rights, its hint says which. */
export function fail(
  call: string,
  errno: number,
  context: PermissionContext & { subject?: string } = {},
): SyscallError {
  const hint = explainPermission(errno, context);
  return new SyscallError({ call, errno, subject: context.subject, hint });
}
