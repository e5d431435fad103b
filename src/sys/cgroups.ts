import { Errno } from "../errors/index.ts";
import { decodeFileName, encodeFileName, isPlainFileName } from "../layout/index.ts";
import { beginCall, placeSpace } from "./call-buffer.ts";
import { closeAt, syscall } from "./ffi.ts";
import { isCgroup2, mounts } from "./file-systems.ts";

/**
 * Returns the mount point of the cgroup v2 hierarchy; undefined if there is none. If several exist, prefers a mount of
 * the whole hierarchy to a bind mount of a part of it.
 */
export function cgroup2Mount(): string | undefined {
  const found = mounts().filter(({ type, path }) => type === "cgroup2" && isCgroup2(path));
  return (found.find(({ root }) => root === "/") ?? found[0])?.path;
}

/** An open directory of a cgroup hierarchy. */
export interface CgroupDirectory {
  /** The fd of the directory. The caller closes it. */
  readonly fd: number;
  /** The kernel's id of the cgroup, which is the inode number of its directory. */
  readonly id: bigint;
  /** The device number of the file system. */
  readonly device: number;
  /** How many directories this directory contains. */
  readonly children: number;
}

const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const O_CLOEXEC = 0o2000000;
/** The length of the longest path that a system call accepts (PATH_MAX). */
const PATH_SIZE = 4096;
/** The size of struct statx, and the offsets of the fields that this file reads. */
const STATX_SIZE = 256;
const STATX_BASIC = 0x7ff;
const NLINK = 16;
const INO = 32;
const DEV_MAJOR = 136;
const DEV_MINOR = 140;

/** The call buffer as a Node Buffer, because a Buffer can write a text without a copy. */
let memory: Buffer = Buffer.alloc(0);

/** Opens a cgroup's directory, or returns the negative errno. */
export function openCgroup(path: string): CgroupDirectory | number {
  if (path.includes("\0")) return -Errno.EINVAL;
  const { base, bytes, view } = beginCall();
  if (memory.buffer !== bytes.buffer) memory = Buffer.from(bytes.buffer);
  const name = placeSpace(PATH_SIZE);
  const end = name + writeName(path, name);
  if (end === name + PATH_SIZE - 1) return -Errno.ENAMETOOLONG;
  bytes[end] = 0;
  const fd = syscall("openat", AT_FDCWD, base + name, O_CLOEXEC);
  if (fd < 0) return fd;
  const at = placeSpace(STATX_SIZE);
  // `base + end` is the address of the NUL at the end of the path, so statx gets an empty path. With AT_EMPTY_PATH and
  // an empty path, statx describes the directory of the fd.
  const result = syscall("statx", fd, base + end, AT_EMPTY_PATH, STATX_BASIC, base + at);
  if (result < 0) {
    closeAt(fd);
    return result;
  }
  // A directory has one link from its parent, one from itself, and one from each directory that it contains. kernfs
  // reports the number of these links.
  const children = Math.max(0, view.getUint32(at + NLINK, true) - 2);
  const device = view.getUint32(at + DEV_MAJOR, true) * 0x100000 + view.getUint32(at + DEV_MINOR, true);
  return { fd, id: view.getBigUint64(at + INO, true), device, children };
}

/** Writes a path into the call buffer, cut to the available space. Returns its length. */
function writeName(path: string, at: number): number {
  if (isPlainFileName(path)) return memory.write(path, at, PATH_SIZE - 1);
  const bytes = encodeFileName(path).subarray(0, PATH_SIZE - 1);
  memory.set(bytes, at);
  return bytes.length;
}

/** The offsets in struct linux_dirent64 of the fields that this file reads. */
const RECORD_LENGTH = 16;
const TYPE = 18;
const NAME = 19;
const DT_DIR = 4;
const ENTRIES_SIZE = 0x8000;

/** Reads the names of the directories in a cgroup's directory, in the order of the file system. */
export function childCgroups(fd: number): string[] {
  const names: string[] = [];
  const { base, bytes, view } = beginCall();
  const start = placeSpace(ENTRIES_SIZE);
  for (;;) {
    const length = syscall("getdents64", fd, base + start, ENTRIES_SIZE);
    // An error means that the cgroup was removed during the read.
    if (length <= 0) return names;
    for (let at = start; at < start + length; at += view.getUint16(at + RECORD_LENGTH, true)) {
      if (bytes[at + TYPE] !== DT_DIR) continue;
      const name = decodeFileName(bytes.subarray(at + NAME, bytes.indexOf(0, at + NAME)));
      if (name !== "." && name !== "..") names.push(name);
    }
  }
}
