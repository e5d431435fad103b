import { closeSync, constants, openSync } from "node:fs";
import { Errno, errnoText, SyscallError, UsageError } from "../errors/index.ts";
import { BPFFS_PATH, closeFd, inInitialUserNamespace, tokenCreate, withToken } from "../sys/index.ts";

/** As in libbpf, names the bpffs for tokens if the caller names none. */
const PATH_VARIABLE = "LIBBPF_BPF_TOKEN_PATH";

/** Returns the bpffs that the caller or the environment names for tokens. Undefined if neither names one. */
export function tokenPath(given: string | undefined): string | undefined {
  return given ?? process.env[PATH_VARIABLE];
}

/**
 * Runs `work` with a BPF token (6.9): a right to create maps and programs that the owner of a bpffs has delegated to a
 * user namespace. `path` is the bpffs. If `path` is empty, no token is used. If `path` is undefined, then as in libbpf
 * this function uses a token of /sys/fs/bpf if that is possible. `work` must be synchronous.
 */
export function usingToken<T>(path: string | undefined, work: () => T): T {
  if (path === "") return work();
  // Tokens do not exist in the initial user namespace, so do not spend system calls on them there.
  if (path === undefined && inInitialUserNamespace()) return work();
  const token = path === undefined ? tryToken(BPFFS_PATH) : openToken(path);
  if (token === undefined) return work();
  try {
    return withToken(token, work);
  } finally {
    closeFd(token);
  }
}

function tryToken(path: string): number | undefined {
  try {
    return openToken(path);
  } catch {
    return undefined;
  }
}

function openToken(path: string): number {
  let directory: number;
  try {
    directory = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (cause) {
    const { errno = 0 } = cause as NodeJS.ErrnoException;
    throw new UsageError(`${noToken(path)}: the directory cannot be opened: ${errnoText(Math.abs(errno))}`, { cause });
  }
  try {
    return tokenCreate(directory);
  } catch (cause) {
    if (!(cause instanceof SyscallError)) throw cause;
    const { call, errno, hint } = cause;
    throw new SyscallError({ call, errno, subject: noToken(path), reason: reasonOf(errno), hint }, { cause });
  } finally {
    closeSync(directory);
  }
}

function noToken(path: string): string {
  return `cannot create a BPF token from ${path}`;
}

function reasonOf(errno: number): string | undefined {
  switch (errno) {
    case Errno.EOPNOTSUPP:
      return "this bpffs belongs to the initial user namespace, where programs are loaded without a token";
    case Errno.ENOENT:
      return "this bpffs was mounted without delegate_… options";
    case Errno.EINVAL:
      return "it is not the root of a bpffs, or the kernel is older than 6.9";
    case Errno.EPERM:
      return "this process is not in the user namespace of the bpffs, or has no CAP_BPF there";
    default:
      return undefined;
  }
}
