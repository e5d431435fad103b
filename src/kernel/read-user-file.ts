import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { errnoHint, errnoText, UsageError } from "../errors/index.ts";

/** The largest regular file that is read, 2 GiB. Even a vmlinux with all debugging information is smaller. */
const LARGEST_FILE = 0x7fffffff;
/**
 * The most bytes that are read from a pipe, a device or a file of /proc. Their size is unknown until the end is
 * reached.
 */
const MOST_WITHOUT_SIZE = 64 * 1024 * 1024;
const FIRST_CHUNK = 64 * 1024;
const RETRY_MS = 1;

/**
 * Reads a file that the user named. Throws UsageError if the file cannot be read or is empty. `expected` says what the
 * file should be.
 */
export function readUserFile(path: string, expected: string): Buffer {
  let data: Buffer;
  try {
    data = readWholeFile(path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code = "", errno = 0 } = error as NodeJS.ErrnoException;
    const hint = errnoHint(-errno);
    const reason = REASONS[code] ?? `${errnoText(-errno)}${hint === undefined ? "" : `; ${hint}`}`;
    throw new UsageError(`${path} cannot be read: ${reason}`, { cause: error });
  }
  if (data.length === 0) throw new UsageError(`${path} is empty; it should be ${expected}`);
  return data;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a directory",
  EACCES: "permission denied",
  ENOTDIR: "a part of the path is not a directory",
  ELOOP: "its symbolic links form a loop",
};

/** Reads the whole file at a path, or the rest of an open file. Throws UsageError if it is too large. */
export function readWholeFile(file: string | number): Buffer {
  const what = file === 0 ? "standard input" : String(file);
  const fd = typeof file === "number" ? file : openSync(file, "r");
  try {
    const stat = fstatSync(fd);
    const size = stat.isFile() ? stat.size : 0;
    if (size > LARGEST_FILE)
      throw new UsageError(`${what} is too large: it has ${size} bytes, and bpfts reads at most ${LARGEST_FILE}`);
    return size > 0 ? readToSize(fd, size) : readToEnd(fd, what);
  } finally {
    if (typeof file === "string") closeSync(fd);
  }
}

function readToSize(fd: number, size: number): Buffer {
  const data = Buffer.allocUnsafe(size);
  let length = 0;
  while (length < size) {
    const count = readPiece(fd, data, length);
    if (count === 0) break;
    length += count;
  }
  return data.subarray(0, length);
}

function readToEnd(fd: number, what: string): Buffer {
  const chunks: Buffer[] = [];
  for (let length = 0; ; ) {
    const chunk = Buffer.allocUnsafe(Math.max(FIRST_CHUNK, length));
    const count = readPiece(fd, chunk);
    if (count === 0) return Buffer.concat(chunks);
    length += count;
    if (length > MOST_WITHOUT_SIZE) {
      throw new UsageError(
        `${what} is too large: bpfts reads at most ${MOST_WITHOUT_SIZE} bytes of a file that is not a regular file`,
      );
    }
    chunks.push(chunk.subarray(0, count));
  }
}

/** Reads from a file into a buffer, from the buffer's `offset` on. Returns 0 at the end of the file. */
export function readPiece(fd: number, into: Buffer, offset = 0): number {
  for (;;) {
    try {
      return readSync(fd, into, offset, into.length - offset, null);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") throw error;
      // EAGAIN: another process has made the pipe non-blocking, and the pipe is empty. Wait, then read again.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
