import { readFileSync, statfsSync, statSync } from "node:fs";
import { UsageError } from "../errors/index.ts";
import { encodeFileName, isPlainFileName } from "../layout/index.ts";
import { beginCall, placeText } from "./call-buffer.ts";
import { syscall } from "./ffi.ts";
import { fail, nodeError } from "./permission.ts";

/** Flags of mount(2) (include/uapi/linux/mount.h). */
export const MountFlag = {
  MS_RDONLY: 1,
  MS_NOSUID: 2,
  MS_NODEV: 4,
  MS_NOEXEC: 8,
  MS_REMOUNT: 0x20,
  MS_BIND: 0x1000,
  MS_REC: 0x4000,
  MS_PRIVATE: 0x40000,
} as const;

/** Flags of umount2(2). */
export const UmountFlag = { MNT_FORCE: 1, MNT_DETACH: 2, UMOUNT_NOFOLLOW: 8 } as const;

/** Calls mount(2). `data` has the options of the file system, such as `mode=0700`. */
export function mount(options: {
  source?: string;
  target: string;
  type?: string;
  flags?: number;
  data?: string;
}): void {
  beginCall();
  const { source, target, type, flags = 0, data } = options;
  const result = syscall(
    "mount",
    source === undefined ? 0 : placeText(source),
    placeText(target),
    type === undefined ? 0 : placeText(type),
    flags,
    data === undefined ? 0 : placeText(data),
  );
  if (result < 0) throw fail("mount", -result, { subject: target, needs: ["CAP_SYS_ADMIN"] });
}

/** Calls umount2(2). */
export function unmount(target: string, flags = 0): void {
  beginCall();
  const result = syscall("umount2", placeText(target), flags);
  if (result < 0) throw fail("umount2", -result, { subject: target, needs: ["CAP_SYS_ADMIN"] });
}

/** One line of /proc/self/mountinfo. */
export interface Mount {
  readonly id: number;
  readonly parent: number;
  /** `major:minor` of the file system. */
  readonly device: string;
  /** The directory inside the file system that is mounted. It is `/` except for a bind mount. */
  readonly root: string;
  /** The mount point. */
  readonly path: string;
  readonly options: readonly string[];
  /** The type: `bpf`, `cgroup2`, `tracefs`, … */
  readonly type: string;
  readonly source: string;
  readonly superOptions: readonly string[];
}

/** Returns the mounts that this process sees, in mount order. A later mount at the same path hides an earlier one. */
export function mounts(): Mount[] {
  return parseMountinfo(readFileSync("/proc/self/mountinfo", "utf8"));
}

/** Parses the text of a mountinfo file (proc_pid_mountinfo(5)). Skips lines that do not follow the format. */
export function parseMountinfo(text: string): Mount[] {
  const result: Mount[] = [];
  for (const line of text.split("\n")) {
    const fields = line.split(" ");
    // A lone hyphen ends the optional fields.
    const hyphen = fields.indexOf("-", 6);
    if (hyphen < 0) continue;
    const [id, parent, device = "", root = "", path = "", options = ""] = fields;
    const [type = "", source = "", superOptions = ""] = fields.slice(hyphen + 1);
    result.push({
      id: Number(id),
      parent: Number(parent),
      device,
      root: unescapePath(root),
      path: unescapePath(path),
      options: options.split(","),
      type,
      source: unescapePath(source),
      superOptions: superOptions.split(","),
    });
  }
  return result;
}

/** Decodes a path. The kernel writes space, tab, newline and backslash as octal escapes such as `\040`. */
function unescapePath(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** Magic numbers of file systems (include/uapi/linux/magic.h). */
const BPF_FS_MAGIC = 0xcafe4a11;
const CGROUP_SUPER_MAGIC = 0x27e0eb;
const CGROUP2_SUPER_MAGIC = 0x63677270;
const TRACEFS_MAGIC = 0x74726163;
const DEBUGFS_MAGIC = 0x64626720;

/** Converts a path for node:fs: returns a Buffer if the path contains bytes that are not UTF-8. */
export function pathForNode(path: string): string | Buffer {
  return isPlainFileName(path) ? path : Buffer.from(encodeFileName(path));
}

function isMagic(path: string, magic: number): boolean {
  try {
    return magicOf(path) === magic;
  } catch {
    return false;
  }
}

function magicOf(path: string): number {
  // On some architectures statfs(2) returns a signed long. The magic number of bpffs has the top bit set.
  return Number(BigInt.asUintN(32, BigInt(statfsSync(pathForNode(path)).type)));
}

/**
 * Returns true if a path is in a bpffs; false if the path does not exist. Throws SyscallError if this process may not
 * access the path.
 */
export function isBpffs(path: string): boolean {
  try {
    return magicOf(path) === BPF_FS_MAGIC;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return false;
    throw nodeError(error, path);
  }
}

/** Returns true if a path is in a cgroup v2 hierarchy. */
export function isCgroup2(path: string): boolean {
  return isMagic(path, CGROUP2_SUPER_MAGIC);
}

/** Returns true if a path is in a cgroup v1 hierarchy. */
export function isCgroup1(path: string): boolean {
  return isMagic(path, CGROUP_SUPER_MAGIC);
}

/** Returns true if a path is in a tracefs. */
export function isTracefs(path: string): boolean {
  return isMagic(path, TRACEFS_MAGIC);
}

/** Returns true if a path is in a debugfs. */
export function isDebugfs(path: string): boolean {
  return isMagic(path, DEBUGFS_MAGIC);
}

/**
 * Returns the kernel's id of a cgroup: the inode number of its directory. Throws Node's error if the directory does not
 * exist.
 */
export function cgroupId(path: string): bigint {
  return statSync(path, { bigint: true }).ino;
}

/** The path where systemd and bpftool mount bpffs. */
export const BPFFS_PATH = "/sys/fs/bpf";

/** Returns the reachable mount points of bpffs. /sys/fs/bpf comes first. */
export function bpffsMounts(): string[] {
  const paths = new Set(
    mounts()
      .filter(({ type, path }) => type === "bpf" && isReachable(path))
      .map(({ path }) => path),
  );
  return [...paths].sort((a, b) => Number(b === BPFFS_PATH) - Number(a === BPFFS_PATH));
}

function isReachable(path: string): boolean {
  try {
    return isBpffs(path);
  } catch {
    return false;
  }
}

/**
 * Returns the path of a mounted bpffs, preferably /sys/fs/bpf. If no bpffs is mounted, mounts one at /sys/fs/bpf, an
 * empty directory that sysfs has for this purpose. Never mounts over a directory of the user.
 */
export function ensureBpffs(): string {
  if (isBpffs(BPFFS_PATH)) return BPFFS_PATH;
  const [mounted] = bpffsMounts();
  if (mounted !== undefined) return mounted;
  mountBpffs(BPFFS_PATH);
  return BPFFS_PATH;
}

/**
 * Mounts a bpffs on an existing directory. By default only root can read it, as with bpftool. `data` has mount options.
 */
export function mountBpffs(path: string, data = "mode=0700"): void {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`a bpffs cannot be mounted at ${path}, because this is not a directory`);
  }
  const flags = MountFlag.MS_NOSUID | MountFlag.MS_NODEV | MountFlag.MS_NOEXEC;
  mount({ source: "bpf", target: path, type: "bpf", flags, data });
}
