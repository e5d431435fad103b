import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  type Stats,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { writeAndRename } from "./replace-file.ts";

// Readers trust the content of a cache file: compiled code, offsets in the kernel's structs. So a file is used only if
// nobody but this user and root can write it, and if it is not damaged. To detect damage, the file contains everything
// twice, and both copies must be equal. The second copy is read in pieces, into memory that is used again: new memory
// costs more than the comparison. A hash would need node:crypto, and loading it would add 10 ms to every start.

/** A cache file, and the inputs on which its content depends. */
export interface CacheFile {
  readonly path: string;
  /**
   * The versions, hashes and options on which the content depends. A file that was written for another key is not used.
   */
  readonly key: string;
  /**
   * Called with the reason, a sentence, if the file exists but cannot be trusted or was written for another key. By
   * then the file has been removed, if that was possible.
   */
  readonly onRejected?: ((why: string) => void) | undefined;
}

const FOLDER_MODE = 0o755;
const FILE_MODE = 0o644;
const WRITABLE_BY_OTHERS = 0o022;
const MAX_SIZE = 64 * 1024 * 1024;
const PIECE = 64 * 1024;

/**
 * Reads a cache file. Returns undefined if the file cannot be opened, cannot be trusted, or was written for another
 * key. In the last two cases, removes the file.
 */
export function readCacheFile(file: CacheFile): Buffer | undefined {
  let content: Buffer | undefined;
  let why: string | undefined;
  try {
    const { stats, copy, isDamaged } = readCopies(file.path);
    why = distrust(lstatSync(dirname(file.path)), "its folder") ?? distrust(stats, "it");
    const head = headOf(file);
    if (isDamaged) why ??= "its content is damaged";
    else if (!copy.subarray(0, head.length).equals(head)) why ??= "it was written for another version or other options";
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
 * Replaces a cache file atomically. Makes its folder if it is missing. If this user owns the folder, removes the write
 * access of other users. Throws Node's errors. Callers must expect them, because the folder is often read-only.
 */
export function writeCacheFile(file: CacheFile, content: Uint8Array): void {
  const { path } = file;
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  const stats = lstatSync(folder);
  if (isOwn(stats) && stats.isDirectory() && (stats.mode & 0o777) !== FOLDER_MODE) chmodSync(folder, FOLDER_MODE);
  const why = distrust(lstatSync(folder), "the folder");
  if (why !== undefined) throw new Error(`${path} cannot be written: ${why}`);
  writeAndRename(`${path}.${process.pid}`, path, 0o600, (fd) => {
    const copy = Buffer.concat([headOf(file), content]);
    writeFileSync(fd, Buffer.concat([copy, copy]), { flush: true });
    // The umask changes the mode that is passed to open(2), so set the mode here.
    fchmodSync(fd, FILE_MODE);
  });
}

/** Reads the first copy of the content from a regular file, and compares it with the second copy. */
function readCopies(path: string): { stats: Stats; copy: Buffer; isDamaged: boolean } {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.size > MAX_SIZE) throw new Error("it is not a regular file, or it is too large");
    const copy = Buffer.allocUnsafeSlow(stats.size >> 1);
    let isDamaged = stats.size % 2 !== 0 || readSync(fd, copy) !== copy.length;
    const piece = Buffer.allocUnsafeSlow(Math.min(PIECE, copy.length));
    for (let at = 0; at < copy.length && !isDamaged; at += PIECE) {
      const first = copy.subarray(at, at + PIECE);
      isDamaged = readSync(fd, piece) < first.length || !piece.subarray(0, first.length).equals(first);
    }
    return { stats, copy, isDamaged };
  } finally {
    closeSync(fd);
  }
}

/**
 * Returns the reason why a file or folder cannot be trusted: another user may have written it. Returns undefined if it
 * can be trusted.
 */
function distrust(stats: Stats, what: string): string | undefined {
  if (stats.isSymbolicLink()) return `${what} is a symbolic link`;
  if (stats.uid !== 0 && !isOwn(stats)) return `${what} belongs to the user ${stats.uid}`;
  if ((stats.mode & WRITABLE_BY_OTHERS) === 0) return undefined;
  return `${what} can be written by others (mode ${(stats.mode & 0o777).toString(8)})`;
}

function isOwn({ uid }: Stats): boolean {
  return uid === process.geteuid?.();
}

/** Returns the first line of a cache file, which is its key. A key contains no newline. */
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
