import { statSync } from "node:fs";
import { type BpfError, Errno, errnoText, SyscallError, UsageError } from "../../errors/index.ts";
import {
  type CgroupDirectory,
  cgroup2Mount,
  closeFd,
  explainPermission,
  isCgroup1,
  isCgroup2,
  openCgroup,
} from "../../sys/index.ts";

/**
 * Opens a cgroup's directory, passes it to `use`, and closes it. Throws UsageError if the path does not exist, cannot
 * be read, is not a directory, or is not in a cgroup v2 hierarchy.
 */
export function withCgroup<T>(path: string, use: (directory: CgroupDirectory) => T): T {
  const directory = openCgroup(path);
  if (typeof directory === "number") throw cannotOpen(path, -directory);
  try {
    if (!isCgroup2(path)) throw notACgroup(path);
    return use(directory);
  } finally {
    closeFd(directory.fd);
  }
}

/** Returns the error for a path that cannot be opened. */
export function cannotOpen(path: string, errno: number): UsageError {
  return new UsageError(`can't open cgroup ${path}: ${errnoText(errno)}`);
}

/** Returns the error for a path that exists but is not a cgroup v2. */
export function notACgroup(path: string): UsageError {
  const mount = cgroup2Mount();
  const where = mount === undefined ? "cgroup v2 is not mounted here" : `cgroup v2 is mounted at ${mount}`;
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return new UsageError(`${path} is not a cgroup: it is not a directory`);
  }
  return isCgroup1(path)
    ? new UsageError(`${path} is a cgroup of version 1, to which no BPF programs can be attached; ${where}`)
    : new UsageError(`${path} is not a cgroup: it is not in a cgroup v2 hierarchy; ${where}`);
}

/** Returns the error for a failed query. */
export function queryError(cgroup: string, errno: number): BpfError {
  if (errno === Errno.EBADF) return notACgroup(cgroup);
  return new SyscallError({
    call: "bpf(BPF_PROG_QUERY)",
    errno,
    subject: `can't query bpf programs attached to ${cgroup}`,
    hint: explainPermission(errno, { needs: ["CAP_NET_ADMIN"] }),
  });
}
