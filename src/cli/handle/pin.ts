import { existsSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { Errno } from "../../errors/index.ts";
import { BPFFS_PATH, isBpffs, mountBpffs, type OwnedFd, objPin } from "../../sys/index.ts";
import { CommandError, exitCodeOf } from "../failure/command-error.ts";
import { failedTo } from "../failure/reason.ts";
import { type Answer, done } from "../output/answer.ts";
import type { Options } from "../words/options.ts";
import type { Words } from "../words/words.ts";

/** Carries out `pin HANDLE FILE`, which every kind of object has. `exitCode` is bpftool's for too few words. */
export function pinHandle(words: Words, options: Options, take: (words: Words) => OwnedFd, exitCode: number): Answer {
  words.need(3, { exitCode });
  using object = take(words);
  const path = words.take("a file");
  words.end();
  pinAt(path, object.number, options);
  return done;
}

/** Pins an object at a path, which must be free and below a bpffs. */
export function pinAt(path: string, fd: number, options: Options): void {
  prepareFile(path, options);
  try {
    objPin(path, fd);
  } catch (error) {
    throw failedTo(`can't pin the object (${path})`, error, { errnoExit: true });
  }
}

/** Makes sure that a file can be pinned at `path`: nothing is there, and its directory is in a bpffs. */
export function prepareFile(path: string, options: Options): void {
  if (path === "") throw emptyPath();
  if (existsSync(path)) throw new CommandError(`can't pin BPF object: path '${path}' already exists`);
  const directory = dirname(path);
  if (isBpffs(directory)) {
    // bpf_lookup() in kernel/bpf/inode.c reserves dots for the kernel's own files and returns EPERM.
    if (!basename(path).includes(".")) return;
    throw new CommandError(`can't pin BPF object: a name in a BPF file system cannot have a dot, as '${path}' has`);
  }
  mountFor(directory, path, options);
  if (!existsSync(directory)) throw new CommandError(`can't pin BPF object: dir '${directory}' doesn't exist`);
}

function emptyPath(): CommandError {
  return new CommandError("can't pin BPF object: the path is empty", { exitCode: exitCodeOf(Errno.ENOENT) });
}

/** Makes sure that `directory` is, or can be made, in a bpffs. `made` is a directory that the command creates first. */
export function prepareDirectory(directory: string, options: Options, made?: string): void {
  if (directory === "") throw emptyPath();
  const parent = dirname(directory);
  if (made !== undefined && resolve(parent) === resolve(made)) {
    prepareDirectory(made, options);
    return;
  }
  if (existsSync(directory) && !statSync(directory).isDirectory()) {
    throw new CommandError(`can't pin BPF object: '${directory}' is not a directory`);
  }
  if (isBpffs(directory) || isBpffs(parent)) return;
  mountFor(directory, directory, options);
}

/**
 * Mounts a bpffs at /sys/fs/bpf if the path lies below it. For another directory this is an error: bpftool mounts a
 * bpffs over it, which hides the user's files.
 */
function mountFor(directory: string, path: string, options: Options): void {
  const standard = directory === BPFFS_PATH || directory.startsWith(`${BPFFS_PATH}/`);
  if (standard && !isBpffs(BPFFS_PATH)) {
    if (options.nomount) {
      throw new CommandError("no BPF file system found, not mounting it due to --nomount option");
    }
    try {
      mountBpffs(BPFFS_PATH);
    } catch (error) {
      throw failedTo(`can't mount BPF file system on ${BPFFS_PATH}`, error);
    }
    return;
  }
  if (standard) return;
  const needed = directory === path ? dirname(directory) : directory;
  if (!existsSync(needed)) throw new CommandError(`can't pin BPF object: dir '${needed}' doesn't exist`);
  throw new CommandError(
    `can't pin BPF object: '${path}' is not in a BPF file system (bpffs); use a path below ${BPFFS_PATH}, or mount one there first`,
  );
}
