import { readFileSync } from "node:fs";
import { openFileNumbers, readText } from "../../sys/index.ts";
import type { ObjectKind } from "../kernel-object.ts";
import { FILE_KINDS } from "./file-kinds.ts";
import { iterateHolders } from "./holder-iterator.ts";

/** A process that holds an object open. */
export interface ObjectHolder {
  readonly pid: number;
  /** The name of its first thread: 15 bytes at most. */
  readonly comm: string;
}

/** How {@link objectPids} looks. */
export interface ObjectPidsOptions {
  /** Leaves this process itself out. Default false. */
  readonly others?: boolean | undefined;
  /**
   * `proc` reads /proc, `iterator` runs a program in the kernel (5.8, CAP_BPF and CAP_PERFMON). Default: whichever is
   * cheaper for the number of open files, and /proc where the iterator fails.
   */
  readonly by?: "proc" | "iterator" | undefined;
  /** Called with a sentence where some processes could not be looked into. */
  readonly onGap?: ((why: string) => void) | undefined;
}

/**
 * From so many open files on the iterator is cheaper. It takes 15 ms, nearly all to find what it needs in the kernel's
 * BTF, then little more for a thousand files than for one; /proc takes 2 µs a file, and 8 more for an object.
 */
const MANY_FILES = 5_000;

/**
 * Which processes hold objects of a kind, by the objects' ids. An object that nobody has a file descriptor of, only a
 * pin, an attachment or another object, is not in it. Processes are those of the pid namespace of /proc.
 */
export function objectPids(kind: ObjectKind, options: ObjectPidsOptions = {}): Map<number, ObjectHolder[]> {
  const { others = false, by, onGap = () => {} } = options;
  const holders = new Map<number, ObjectHolder[]>();
  const processes = new Map<number, ObjectHolder>();
  for (const { pid, id } of by === "iterator" ? iterateHolders(kind) : holdersOf(kind, by, onGap)) {
    if (others && pid === process.pid) continue;
    let holder = processes.get(pid);
    if (holder === undefined) {
      holder = { pid, comm: commOf(pid) };
      processes.set(pid, holder);
    }
    const list = holders.get(id);
    if (list === undefined) holders.set(id, [holder]);
    // Both ways tell of one process after the other.
    else if (list[list.length - 1] !== holder) list.push(holder);
  }
  return holders;
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

interface Held {
  readonly pid: number;
  readonly id: number;
}

function holdersOf(kind: ObjectKind, by: "proc" | undefined, onGap: (why: string) => void): readonly Held[] {
  if (by === undefined && openFiles() >= MANY_FILES) {
    try {
      return iterateHolders(kind);
    } catch {
      // Without the rights, or without BTF: /proc tells it too, if slower.
    }
  }
  return procHolders(kind, onGap);
}

function procHolders(kind: ObjectKind, onGap: (why: string) => void): readonly Held[] {
  const { names, field } = FILE_KINDS[kind];
  const { files, refused } = openFileNumbers({ targets: names.map((name) => `anon_inode:${name}`), field });
  if (refused > 0) onGap(`the files of ${refused} processes may not be seen (CAP_SYS_PTRACE would allow it)`);
  return files.map(({ pid, value }) => ({ pid, id: value }));
}

/** How many files are open in the whole system, each once, whoever shares it. */
function openFiles(): number {
  return Number.parseInt(readText("/proc/sys/fs/file-nr") ?? "0", 10);
}

/** Empty for a process that ended meanwhile. */
function commOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").replace(/\n$/, "");
  } catch {
    return "";
  }
}
