import { UsageError } from "../../errors/index.ts";
import { checkOptions, type ObjectKind, type OptionTable } from "../../kernel/index.ts";
import { readText } from "../../sys/index.ts";
import { iterateHolders } from "./holder-iterator.ts";
import { FILE_KINDS, type OpenObject, searchProc } from "./proc-search.ts";

/** A process that holds an object open. */
export interface ObjectHolder {
  readonly pid: number;
  /** The name of the process's main thread, of at most 15 bytes. Empty if the process has ended in the meantime. */
  readonly comm: string;
}

/** Options of {@link objectHolders}. */
export interface ObjectHoldersOptions {
  /** True: list only other processes, not this one. Default: false. */
  readonly others?: boolean | undefined;
  /** Called with a sentence if the open files of some processes cannot be read. */
  readonly onGap?: ((why: string) => void) | undefined;
  /**
   * How to search: `proc` reads /proc, `iterator` runs an iterator program in the kernel (5.8, CAP_BPF and
   * CAP_PERFMON). By default, the number of open files decides which of the two is used. If the iterator then fails,
   * /proc is read.
   */
  readonly by?: "proc" | "iterator" | undefined;
}

export const HOLDERS_OPTIONS: OptionTable<ObjectHoldersOptions> = {
  others: "boolean",
  onGap: "function",
  by: ["proc", "iterator"],
};

/**
 * The time limit for a search of /proc, in microseconds. If the search would take longer, the iterator is tried first.
 * The iterator takes about 15 ms for any number of open files, because it spends nearly all of this time on looking up
 * types in the kernel's BTF.
 */
const PROC_BUDGET = 8_000;
/** With this many open files, a search of /proc is certain to take longer than the limit. */
const MANY_FILES = 5_000;

/**
 * Returns the processes that hold objects of a kind open, by the objects' ids. Each process appears once, in the order
 * of the pids. An object is absent if no process holds it open.
 */
export function objectHolders(kind: ObjectKind, options: ObjectHoldersOptions = {}): Map<number, ObjectHolder[]> {
  if (!Object.hasOwn(FILE_KINDS, kind)) {
    throw new UsageError(`objectHolders needs a kind of objects: one of ${Object.keys(FILE_KINDS).join(", ")}`);
  }
  checkOptions("objectHolders", options, HOLDERS_OPTIONS);
  return groupByObject(openObjects(kind, options), options);
}

function openObjects(kind: ObjectKind, { by, onGap }: ObjectHoldersOptions): readonly OpenObject[] {
  if (by === "iterator") return iterateHolders(kind);
  if (by === "proc") return searchProc(kind, { onGap }) ?? [];
  // The first number in /proc/sys/fs/file-nr is the number of open files of the machine. A file that several processes
  // share counts once.
  const open = Number.parseInt(readText("/proc/sys/fs/file-nr") ?? "0", 10);
  const found = open < MANY_FILES ? searchProc(kind, { onGap, budget: PROC_BUDGET }) : undefined;
  if (found !== undefined) return found;
  try {
    return iterateHolders(kind);
  } catch {
    // The iterator needs capabilities and BTF, and does not run in a pid or user namespace. A search of /proc takes
    // longer but works in these cases too.
    return searchProc(kind, { onGap }) ?? [];
  }
}

/**
 * Returns the cookies of the perf event links that processes hold open, by the links' ids (5.15). Returns an empty map
 * if the iterator cannot run.
 */
export function perfLinkCookies(): Map<number, bigint> {
  const cookies = new Map<number, bigint>();
  try {
    for (const { id, cookie } of iterateHolders("link")) if (cookie !== undefined) cookies.set(id, cookie);
  } catch {
    // The iterator cannot run. Before Linux 6.9, nothing else can read the cookies.
  }
  return cookies;
}

function groupByObject(
  held: readonly OpenObject[],
  { others = false }: ObjectHoldersOptions,
): Map<number, ObjectHolder[]> {
  const holders = new Map<number, ObjectHolder[]>();
  let last: ObjectHolder | undefined;
  for (const { pid, id } of held) {
    if (others && pid === process.pid) continue;
    if (last?.pid !== pid) last = { pid, comm: readText(`/proc/${pid}/comm`)?.replace(/\n$/, "") ?? "" };
    const list = holders.get(id);
    if (list === undefined) holders.set(id, [last]);
    else if (list[list.length - 1] !== last) list.push(last);
  }
  return holders;
}
