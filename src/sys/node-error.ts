import { SyscallError } from "../errors/index.ts";
import { explainPermission, type PermissionContext } from "./permission.ts";

/**
 * Turns an error of Node's file functions into a SyscallError about `subject`, such as a path. `context` has the
 * capabilities that the call needs. Returns other errors unchanged.
 */
export function nodeError(error: unknown, subject: string, context: PermissionContext = {}): unknown {
  const { errno, syscall } = error as NodeJS.ErrnoException;
  if (errno === undefined || syscall === undefined) return error;
  const hint = explainPermission(Math.abs(errno), context);
  return new SyscallError({ call: syscall, errno: Math.abs(errno), subject, hint }, { cause: error });
}

/** Calls a function of node:fs, and converts its error by {@link nodeError}. */
export function withNodeError<T>(subject: string, call: () => T, context?: PermissionContext): T {
  try {
    return call();
  } catch (error) {
    throw nodeError(error, subject, context);
  }
}
