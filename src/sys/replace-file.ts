import {
  closeSync,
  constants,
  fchmodSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

const NEW_FILE_MODE = 0o666;

/**
 * Writes a whole file atomically: other processes see either the old content or the new content. If the path is a
 * symbolic link, the link stays, and the file that it points to is replaced. The new file has the mode of the replaced
 * file. A pipe or a device is written directly. Throws Node's errors.
 */
export function replaceFile(path: string, content: Uint8Array): void {
  const old = statSync(path, { throwIfNoEntry: false });
  if (old !== undefined && !old.isFile()) {
    writeFileSync(path, content);
    return;
  }
  writeBeside(old === undefined ? path : realpathSync(path), old, content);
}

function writeBeside(path: string, old: Stats | undefined, content: Uint8Array): void {
  const part = `${dirname(path)}/.bpfts_unfinished_${process.pid}`;
  writeAndRename(part, path, NEW_FILE_MODE, (fd) => {
    writeFileSync(fd, content);
    if (old !== undefined) fchmodSync(fd, old.mode & 0o7777);
  });
}

/**
 * Makes a new file at `part`, calls `fill` with its fd, and renames it to `path`. Removes an older file at `part`. If
 * anything fails, removes the new file. Throws Node's errors.
 */
export function writeAndRename(part: string, path: string, mode: number, fill: (fd: number) => void): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  rmSync(part, { force: true });
  try {
    const fd = openSync(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
    try {
      fill(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(part, path);
  } catch (error) {
    try {
      rmSync(part, { force: true });
    } catch {
      // Ignore this error: the first one says more.
    }
    throw error;
  }
}
