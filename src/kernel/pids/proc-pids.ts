import { readFileSync } from "node:fs";
import { openFileNumbers, readText } from "../../sys/index.ts";
import type { ObjectKind } from "../kernel-object.ts";
import { FILE_KINDS } from "./file-kinds.ts";

/** A process that holds an object open. */
export interface ObjectHolder {
  readonly pid: number;
  /** The name of its first thread: 15 bytes at most. */
  readonly comm: string;
}

/** Whom {@link procPids} and {@link objectPids} tell of. */
export interface ProcPidsOptions {
  /** Leaves this process itself out. Default false. */
  readonly others?: boolean | undefined;
  /** Called with a sentence where some processes could not be looked into. */
  readonly onGap?: ((why: string) => void) | undefined;
}

/**
 * From so many open files on the iterator is cheaper than /proc. It takes 15 ms, nearly all to find what it needs in the
 * kernel's BTF, then little more for a thousand files than for one; /proc takes 2 µs a file, and 8 more for an object.
 */
const MANY_FILES = 5_000;

/** Whether so many files are open in the whole system that a program in the kernel walks them sooner than /proc tells. */
export function manyFilesOpen(): boolean {
  // Allocated, free and the most there may be; a file that many processes share counts once.
  return Number.parseInt(readText("/proc/sys/fs/file-nr") ?? "0", 10) >= MANY_FILES;
}

/** `objectPids` by way of /proc alone: light to load, and as fast as it gets where few files are open. */
export function procPids(kind: ObjectKind, options: ProcPidsOptions = {}): Map<number, ObjectHolder[]> {
  const { names, field } = FILE_KINDS[kind];
  const { files, refused } = openFileNumbers({ targets: names.map((name) => `anon_inode:${name}`), field });
  if (refused > 0) {
    options.onGap?.(`the files of ${refused} processes may not be seen (CAP_SYS_PTRACE would allow it)`);
  }
  return groupByObject(
    files.map(({ pid, value }) => ({ pid, id: value })),
    options,
  );
}

/** The processes of each object, from what tells of one process after the other. */
export function groupByObject(
  held: Iterable<{ readonly pid: number; readonly id: number }>,
  { others = false }: ProcPidsOptions,
): Map<number, ObjectHolder[]> {
  const holders = new Map<number, ObjectHolder[]>();
  let last: ObjectHolder | undefined;
  for (const { pid, id } of held) {
    if (others && pid === process.pid) continue;
    if (last?.pid !== pid) last = { pid, comm: commOf(pid) };
    const list = holders.get(id);
    if (list === undefined) holders.set(id, [last]);
    else if (list[list.length - 1] !== last) list.push(last);
  }
  return holders;
}

/** Empty for a process that ended meanwhile. */
function commOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").replace(/\n$/, "");
  } catch {
    return "";
  }
}
