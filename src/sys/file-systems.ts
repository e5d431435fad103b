import { statfsSync, statSync } from "node:fs";

/** Magic numbers of file systems (include/uapi/linux/magic.h). */
const BPF_FS_MAGIC = 0xcafe4a11;
const CGROUP_SUPER_MAGIC = 0x27e0eb;
const CGROUP2_SUPER_MAGIC = 0x63677270;
const TRACEFS_MAGIC = 0x74726163;
const DEBUGFS_MAGIC = 0x64626720;

function isMagic(path: string, magic: number): boolean {
  try {
    // statfs(2) answers with a signed long on some architectures, and bpffs has the top bit set.
    return Number(BigInt.asUintN(32, BigInt(statfsSync(path).type))) === magic;
  } catch {
    return false;
  }
}

/** Whether a path lies in a bpffs. False if it is not there. */
export function isBpffs(path: string): boolean {
  return isMagic(path, BPF_FS_MAGIC);
}

/** Whether a path lies in a cgroup v2 hierarchy. */
export function isCgroup2(path: string): boolean {
  return isMagic(path, CGROUP2_SUPER_MAGIC);
}

/** Whether a path lies in a cgroup v1 hierarchy. */
export function isCgroup1(path: string): boolean {
  return isMagic(path, CGROUP_SUPER_MAGIC);
}

/** Whether a path lies in a tracefs. */
export function isTracefs(path: string): boolean {
  return isMagic(path, TRACEFS_MAGIC);
}

/** Whether a path lies in a debugfs. */
export function isDebugfs(path: string): boolean {
  return isMagic(path, DEBUGFS_MAGIC);
}

/** The id that the kernel gives a cgroup: its directory's inode number. Throws Node's error where it is not there. */
export function cgroupId(path: string): bigint {
  return statSync(path, { bigint: true }).ino;
}
