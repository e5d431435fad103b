import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

// What a cache file holds is believed by whoever reads it: compiled code, places in the kernel's structs. So nobody but
// the reader or root may be able to write it, whatever the umask was, and a damaged one must not be used. The content
// stands twice in the file, and both copies must be equal: to load node:crypto for a hash takes 10 ms of every start, to
// compare two copies a fifth of one.

/** A file of a cache, and what its content was made from. */
export interface CacheFile {
  readonly path: string;
  /** Versions, hashes and options that the content depends on. A file that was written for another key is not used. */
  readonly key: string;
  /** Called with a sentence if a file was there that cannot be trusted. It has been removed if that was possible. */
  readonly onRejected?: ((why: string) => void) | undefined;
}

const FOLDER_MODE = 0o755;
const FILE_MODE = 0o644;
const WRITABLE_BY_OTHERS = 0o022;
const MAX_SIZE = 64 * 1024 * 1024;

/** Reads a cache file. Returns undefined if there is none, or if it cannot be trusted: then it is removed. */
export function readCacheFile(file: CacheFile): Uint8Array | undefined {
  let content: Uint8Array = new Uint8Array();
  let why: string | undefined;
  try {
    const { stats, bytes } = readRegularFile(file.path);
    why = distrust(lstatSync(dirname(file.path)), "its folder") ?? distrust(stats, "it");
    const copy = bytes.subarray(bytes.length >> 1);
    const head = headOf(file);
    if (!bytes.subarray(0, bytes.length - copy.length).equals(copy)) why ??= "its content is damaged";
    else if (!copy.subarray(0, head.length).equals(head)) why ??= "it was made for something else";
    content = copy.subarray(head.length);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES") return undefined;
    why = code === "ELOOP" ? "it is a symbolic link" : (error as Error).message;
  }
  if (why === undefined) return content;
  const removed = tryTo(() => rmSync(file.path, { force: true, recursive: true }));
  file.onRejected?.(`${file.path} is not used${removed ? " and was removed" : ""}: ${why}`);
  return undefined;
}

/**
 * Replaces a cache file at once, so that no reader ever sees half of it. Makes its folder if it is missing, and takes
 * write access to the folder from others if it is this user's. Throws Node's errors: a read-only package is normal.
 */
export function writeCacheFile(file: CacheFile, content: Uint8Array): void {
  const { path } = file;
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  const stats = lstatSync(folder);
  if (isOwn(stats) && stats.isDirectory() && (stats.mode & 0o777) !== FOLDER_MODE) chmodSync(folder, FOLDER_MODE);
  const why = distrust(lstatSync(folder), "the folder");
  if (why !== undefined) throw new Error(`${path} is not written: ${why}`);
  const part = `${path}.${process.pid}`;
  rmSync(part, { force: true });
  try {
    const fd = openSync(part, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
    try {
      const copy = Buffer.concat([headOf(file), content]);
      writeFileSync(fd, Buffer.concat([copy, copy]), { flush: true });
      // Not the mode of the open: the umask would change it.
      fchmodSync(fd, FILE_MODE);
    } finally {
      closeSync(fd);
    }
    renameSync(part, path);
  } catch (error) {
    tryTo(() => rmSync(part, { force: true }));
    throw error;
  }
}

function readRegularFile(path: string): { stats: Stats; bytes: Buffer } {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.size > MAX_SIZE) throw new Error("it is no regular file of a likely size");
    return { stats, bytes: readFileSync(fd) };
  } finally {
    closeSync(fd);
  }
}

/** Says why what a file or folder holds may be somebody else's work. */
function distrust(stats: Stats, what: string): string | undefined {
  if (stats.isSymbolicLink()) return `${what} is a symbolic link`;
  if (stats.uid !== 0 && !isOwn(stats)) return `${what} belongs to the user ${stats.uid}`;
  if ((stats.mode & WRITABLE_BY_OTHERS) === 0) return undefined;
  return `${what} can be written by others (mode ${(stats.mode & 0o777).toString(8)})`;
}

function isOwn({ uid }: Stats): boolean {
  return uid === process.geteuid?.();
}

/** What the content begins with. No key has a line end. */
function headOf({ key }: CacheFile): Buffer {
  return Buffer.from(`${key}\n`);
}

function tryTo(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}
