import { readFileSync } from "node:fs";
import type { ObjectKind } from "../../kernel/index.ts";
import { openFileNumbers, readText } from "../../sys/index.ts";
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
 * The iterator takes 15 ms, nearly all to find what it needs in the kernel's BTF, then little more for a thousand files
 * than for one. Where /proc would take longer than this, in microseconds, the iterator is tried.
 */
const PROC_BUDGET = 8_000;
/** So many open files alone are more than that. */
const MANY_FILES = 5_000;

/**
 * `objectPids` by way of /proc, where that is quick: light to load, and the quicker way where few files are open.
 * Undefined where a program in the kernel would tell it sooner.
 */
export function quickProcPids(
  kind: ObjectKind,
  options: ProcPidsOptions = {},
): Map<number, ObjectHolder[]> | undefined {
  // Allocated, free and the most there may be; a file that many processes share counts once.
  const open = Number.parseInt(readText("/proc/sys/fs/file-nr") ?? "0", 10);
  return open < MANY_FILES ? search(kind, options, PROC_BUDGET) : undefined;
}

/** `objectPids` by way of /proc alone. */
export function procPids(kind: ObjectKind, options: ProcPidsOptions = {}): Map<number, ObjectHolder[]> {
  return search(kind, options) ?? new Map();
}

function search(kind: ObjectKind, options: ProcPidsOptions, budget?: number): Map<number, ObjectHolder[]> | undefined {
  const { names, field } = FILE_KINDS[kind];
  const found = openFileNumbers({ targets: names.map((name) => `anon_inode:${name}`), field, budget });
  if (found === undefined) return undefined;
  const { files, refused } = found;
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
