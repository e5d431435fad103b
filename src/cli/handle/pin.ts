import { existsSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { Errno } from "../../errors/index.ts";
import { BPFFS_PATH, isBpffs, mountBpffs, type OwnedFd, objPin } from "../../sys/index.ts";
import { CommandError, exitCodeOf } from "../failure/command-error.ts";
import { failedTo } from "../failure/reason.ts";
import { type Answer, done } from "../output/answer.ts";
import type { Options } from "../words/options.ts";
import type { Words } from "../words/words.ts";

/**
 * Carries out the command `pin HANDLE FILE`, which exists for programs, maps and links. If words are missing, the
 * command exits with `exitCode`, as bpftool does.
 */
export function pinHandle(words: Words, options: Options, take: (words: Words) => OwnedFd, exitCode: number): Answer {
  words.need(3, { exitCode });
  using object = take(words);
  const path = words.take("a file");
  words.end();
  pinAt(path, object.number, options);
  return done;
}

/** Pins an object at a path. Nothing may exist at this path, and it must be below a bpffs. */
export function pinAt(path: string, fd: number, options: Options): void {
  prepareFile(path, options);
  try {
    objPin(path, fd);
  } catch (error) {
    throw failedTo(`can't pin the object (${path})`, error, { errnoExit: true });
  }
}

/**
 * Throws unless a file can be pinned at `path`. Nothing may exist there, and its directory must be in a bpffs. Mounts a
 * bpffs if that is possible.
 */
export function prepareFile(path: string, options: Options): void {
  if (path === "") throw emptyPath();
  if (existsSync(path)) throw new CommandError(`can't pin BPF object: path '${path}' already exists`);
  const directory = dirname(path);
  if (isBpffs(directory)) {
    // Names with a dot are reserved for the kernel's own files: for other files, bpf_lookup() in kernel/bpf/inode.c
    // returns EPERM.
    if (!basename(path).includes(".")) return;
    throw new CommandError(
      `can't pin BPF object: the last part of '${path}' contains a dot, which names in a BPF file system cannot contain`,
    );
  }
  mountFor(directory, path, options);
  if (!existsSync(directory)) throw new CommandError(`can't pin BPF object: dir '${directory}' doesn't exist`);
}

function emptyPath(): CommandError {
  return new CommandError("can't pin BPF object: the path is empty", { exitCode: exitCodeOf(Errno.ENOENT) });
}

/**
 * Throws unless `directory` exists in a bpffs or can be created in a bpffs. `made` is a directory that the command
 * creates before this one.
 */
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
 * Mounts a bpffs at /sys/fs/bpf if the path is below it. For any other directory this function throws. bpftool would
 * mount a bpffs over that directory, which would hide the user's files.
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
