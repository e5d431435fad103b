import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { Errno, SyscallError, UsageError } from "../errors/index.ts";
import { isBpffs, nodeError, OwnedFd, objGet, objPin } from "../sys/index.ts";
import { kindOfFd, type ObjectKind } from "./object-kind.ts";
import { Undo } from "./undo.ts";

/** An object to pin, and the path of its new pin. */
export interface NewPin {
  readonly path: string;
  readonly fd: number;
  /** The name of the object in error messages, such as `map counts`. */
  readonly what: string;
}

/**
 * The name of a temporary directory is the directory's final name, then this text, then the id of the process that
 * fills the directory.
 */
const UNFINISHED = "_bpfts_unfinished_";

/**
 * Checks a name that comes from an object or a file, and returns the name for use in the path of a pin. Throws
 * UsageError for a name that would lead out of the directory, or that a bpffs does not accept. Every name from outside
 * must pass this check before it is used in a path.
 */
export function pinName(name: string, what: string): string {
  const problem = nameProblem(name);
  if (problem !== undefined) throw new UsageError(`${what} cannot be pinned by its name: ${problem}`);
  return name;
}

function nameProblem(name: string): string | undefined {
  if (name === "") return "the name is empty";
  if (name.includes("/") || name.includes("\0"))
    return `the name of a file cannot contain ${name.includes("/") ? "/" : "NUL"}`;
  // The kernel reserves names with dots for its own files (bpf_lookup in kernel/bpf/inode.c).
  return name.includes(".") ? "a name in a bpffs cannot contain a dot" : undefined;
}

/**
 * Pins an object at a path. Makes the missing directories inside the bpffs and returns the first of them. Throws
 * UsageError if the path is taken or in no bpffs, SyscallError otherwise.
 */
export function pinAt(path: string, fd: number, what: string): string | undefined {
  const { directory, parent } = checkPath(path, what);
  const made = parent === directory ? undefined : makeDirectory(directory, what);
  try {
    pinInDirectory(path, fd, what);
    return made;
  } catch (error) {
    if (made !== undefined) removeDirectories(directory, made);
    throw error;
  }
}

/** Pins an object at a path. The path's directory must already exist in a bpffs. */
function pinInDirectory(path: string, fd: number, what: string): void {
  try {
    objPin(path, fd);
  } catch (error) {
    throw isTaken(error) ? alreadyThere(path, what, error) : error;
  }
}

/**
 * Checks the path of a pin. Returns the pin's directory, and the deepest directory of the path that exists. `parents`
 * caches the deepest existing directory for each directory, so that each is checked only once for many pins.
 */
function checkPath(
  path: string,
  what: string,
  parents: Map<string, string> = new Map(),
): { directory: string; parent: string } {
  if (path === "") throw new UsageError(`${what} cannot be pinned at an empty path`);
  const absolute = resolve(path);
  const directory = dirname(absolute);
  const parent = parents.get(directory) ?? bpffsParent(directory, path, what);
  parents.set(directory, parent);
  const problem = nameProblem(absolute.slice(directory.length).replace(/^\//, ""));
  if (problem !== undefined) throw new UsageError(`${what} cannot be pinned at ${path}: ${problem}`);
  return { directory, parent };
}

function bpffsParent(directory: string, path: string, what: string): string {
  const parent = existingParent(directory);
  if (!isBpffs(parent)) {
    throw new UsageError(
      `${what} cannot be pinned at ${path}: ${parent} is not in a bpffs (mount one with: mount -t bpf bpf /sys/fs/bpf)`,
    );
  }
  if (!statSync(parent).isDirectory()) {
    throw new UsageError(`${what} cannot be pinned at ${path}: ${parent} is not a directory`);
  }
  return parent;
}

/**
 * Pins all of the objects or none. If a pin's directory does not exist yet, this function makes it under a temporary
 * name, pins the objects in it, and renames it at the end. So a process that is killed leaves no incomplete directory
 * under the final name. Calls `onUnfinished` with each temporary directory that was left by a process that was killed.
 * Returns an {@link Undo} that removes the pins.
 */
export function pinTogether(pins: readonly NewPin[], onUnfinished?: (directory: string) => void): Undo {
  const undo = new Undo();
  try {
    const filled = new Map<string, string>();
    const parents = new Map<string, string>();
    const made = new Set<string>();
    for (const { path, fd, what } of pins) {
      const { directory, parent } = checkPath(path, what, parents);
      if (parent === directory) {
        pinInDirectory(path, fd, what);
        undo.add(() => unlinkSync(path));
        continue;
      }
      const target = join(parent, relative(parent, directory).split("/")[0] as string);
      let unfinished = filled.get(target);
      if (unfinished === undefined) {
        for (const left of unfinishedBeside(target)) onUnfinished?.(left);
        const temporary = `${target}${UNFINISHED}${process.pid}`;
        makeDirectory(temporary, what, target);
        undo.add(() => removeTree(existsSync(temporary) ? temporary : target));
        filled.set(target, temporary);
        unfinished = temporary;
      }
      const place = unfinished + resolve(path).slice(target.length);
      const folder = dirname(place);
      if (!made.has(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 });
      made.add(folder);
      pinInDirectory(place, fd, what);
    }
    for (const [target, unfinished] of filled) finish(unfinished, target);
  } catch (error) {
    undo.run();
    throw error;
  }
  return undo;
}

function finish(unfinished: string, target: string): void {
  try {
    renameSync(unfinished, target);
  } catch (error) {
    const failure = nodeError(error, target);
    if (failure instanceof SyscallError && (failure.errno === Errno.EEXIST || failure.errno === Errno.ENOTEMPTY)) {
      throw new UsageError(`${target} cannot be created: another process created it at the same time`, {
        cause: failure,
      });
    }
    throw failure;
  }
}

/**
 * Returns the temporary directories for `target` whose processes have ended without renaming them. /proc tells whether
 * a process still runs; without /proc, returns none.
 */
function unfinishedBeside(target: string): string[] {
  if (!existsSync("/proc/self")) return [];
  const parent = dirname(target);
  const prefix = `${target.slice(parent.length).replace(/^\//, "")}${UNFINISHED}`;
  return readdirSync(parent)
    .filter((name) => name.startsWith(prefix) && !existsSync(`/proc/${name.slice(prefix.length)}`))
    .map((name) => join(parent, name));
}

function removeTree(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) removeTree(path);
    else unlinkSync(path);
  }
  rmdirSync(directory);
}

/** Makes a directory and its parents. Error messages show `wanted`, the path that the caller of the library gave. */
function makeDirectory(directory: string, what: string, wanted: string = directory): string | undefined {
  try {
    return mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    // Node's recursive mkdir fails with ENOENT on a read-only file system.
    const parent = existingParent(directory);
    if (isReadOnly(parent)) {
      throw new UsageError(
        `${what} cannot be pinned in ${wanted}: the bpffs at ${parent} is mounted read-only; remount it with: mount -o remount,rw ${parent}`,
        { cause: error },
      );
    }
    throw nodeError(error, wanted);
  }
}

function isReadOnly(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EROFS";
  }
}

/** Removes the empty directory `last`, and then its parent directories up to and including `first`. */
export function removeDirectories(last: string, first: string): void {
  for (let path = last; path.length >= first.length; path = dirname(path)) rmdirSync(path);
}

function existingParent(directory: string): string {
  let path = directory;
  while (path !== "/" && !isThere(path)) path = dirname(path);
  return path;
}

function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    const failure = nodeError(error, path);
    if (failure instanceof SyscallError && failure.errno === Errno.ENOTDIR) return false;
    throw failure;
  }
}

function isTaken(error: unknown): error is SyscallError {
  return error instanceof SyscallError && error.errno === Errno.EEXIST;
}

function alreadyThere(path: string, what: string, cause: SyscallError): UsageError {
  return new UsageError(`${what} cannot be pinned at ${path}: the path exists already`, { cause });
}

/**
 * Opens a pinned object. A map's `flags` are BPF_F_RDONLY, BPF_F_WRONLY or 0. Throws UsageError if nothing is pinned at
 * the path, or an object of another kind.
 */
export function openPinnedFd(path: string, kind: ObjectKind, flags = 0): OwnedFd {
  let number: number;
  try {
    number = objGet(path, { file_flags: flags });
  } catch (error) {
    throw error instanceof SyscallError ? explainOpen(path, error) : error;
  }
  const fd = new OwnedFd(number, `${kind} pinned at ${path}`);
  try {
    const found = kindOfFd(fd.number);
    if (found === kind) return fd;
    throw new UsageError(`${path} holds a ${found ?? "file of another kind"}, not a ${kind}`);
  } catch (error) {
    fd.close();
    throw error;
  }
}

/**
 * Explains a failed BPF_OBJ_GET. EACCES has three possible causes: the file is not in a bpffs, the mode of the pin
 * forbids access, or the mode of a directory does.
 */
function explainOpen(path: string, error: SyscallError): Error {
  if (path === "") return new UsageError("the path of a pin cannot be empty", { cause: error });
  if (error.errno === Errno.ENOENT) return new UsageError(`nothing is pinned at ${path}`, { cause: error });
  const { errno, call } = error;
  const cause = { cause: error };
  let file: ReturnType<typeof statSync>;
  try {
    if (!isBpffs(path)) return new UsageError(`${path} is not in a bpffs`, cause);
    file = statSync(path);
  } catch {
    const hint = "this process may lack the right to search one of the directories in this path";
    return new SyscallError({ call, errno, subject: path, hint }, cause);
  }
  if (file.isDirectory()) return new UsageError(`${path} is a directory, not a pin`, cause);
  if (errno !== Errno.EACCES) return error;
  const mode = (Number(file.mode) & 0o777).toString(8).padStart(4, "0");
  const hint = `the pin's mode is ${mode} and it belongs to user ${file.uid}: this process lacks the right to open this file; a capability for BPF does not help`;
  return new SyscallError({ call, errno, subject: path, hint }, cause);
}
