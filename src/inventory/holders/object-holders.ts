import type { ObjectKind } from "../../kernel/index.ts";
import { iterateHolders } from "./holder-iterator.ts";
import { groupByObject, type ObjectHolder, type ProcPidsOptions, procPids, quickProcPids } from "./proc-pids.ts";

/** How {@link objectPids} looks. */
export interface ObjectPidsOptions extends ProcPidsOptions {
  /**
   * `proc` reads /proc, `iterator` runs a program in the kernel (5.8, CAP_BPF and CAP_PERFMON). Default: whichever is
   * cheaper for the number of open files, and /proc where the iterator fails.
   */
  readonly by?: "proc" | "iterator" | undefined;
}

/**
 * Which processes hold objects of a kind, by the objects' ids, each process once and in ascending order. An object that
 * nobody has a file descriptor of, only a pin, an attachment or another object, is not in it. Processes are numbered as
 * in /proc.
 */
export function objectPids(kind: ObjectKind, options: ObjectPidsOptions = {}): Map<number, ObjectHolder[]> {
  if (options.by === "iterator") return groupByObject(iterateHolders(kind), options);
  if (options.by === "proc") return procPids(kind, options);
  return quickProcPids(kind, options) ?? manyObjectPids(kind, options);
}

/** {@link objectPids} where many files are open: by the iterator, and by /proc where that fails. */
export function manyObjectPids(kind: ObjectKind, options: ProcPidsOptions = {}): Map<number, ObjectHolder[]> {
  try {
    return groupByObject(iterateHolders(kind), options);
  } catch {
    // Without the rights, without BTF, or in a pid namespace: /proc tells it too, if slower.
    return procPids(kind, options);
  }
}

/**
 * The cookies of perf event links by the links' ids, of those links that a process has open (5.15). Nothing where the
 * iterator cannot run.
 */
export function perfLinkCookies(): Map<number, bigint> {
  const cookies = new Map<number, bigint>();
  try {
    for (const { id, cookie } of iterateHolders("link")) if (cookie !== undefined) cookies.set(id, cookie);
  } catch {
    // What cannot be told is not.
  }
  return cookies;
}
