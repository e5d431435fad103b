import { statSync } from "node:fs";
import { Errno } from "../errors/index.ts";
import { type Arena, beginCall, openArena, placeRoom } from "./arena.ts";
import { closeAt, syscall } from "./ffi.ts";
import { fail } from "./permission.ts";

// A machine has thousands of open files, and most of the time to look at them would be Node's around each call. So names
// of files are written into the arena and compared there as bytes, and nothing is made of a file that is not wanted.

const AT_FDCWD = -100;
const O_CLOEXEC = 0o2000000;
const KCMP_FILES = 2;
/** struct linux_dirent64: what of it is read. */
const RECORD_LENGTH = 16;
const NAME = 19;
const ENTRIES_SIZE = 0x8000;
/** More than an entry of /proc takes. */
const MAX_ENTRY = 512;
const TEXT_SIZE = 0x1000;
const PATH_SIZE = 64;
const DIGIT_0 = 48;
const NEWLINE = 10;

/** What {@link openFileNumbers} looks for. */
export interface OpenFileSearch {
  /** What /proc/PID/fd/FD links to, for instance `anon_inode:bpf-map`: one of these. */
  readonly targets: readonly string[];
  /** The field of /proc/PID/fdinfo/FD whose number is wanted, for instance `map_id`. */
  readonly field: string;
  /** Gives up where the search would take longer than so many microseconds on an idle machine. Default: never. */
  readonly budget?: number | undefined;
}

/** What it takes to read where an open file leads, and to read the number of one that is wanted, in microseconds. */
const FILE_COST = 2;
const NUMBER_COST = 8;

/** The open files that were found. */
export interface OpenFileNumbers {
  /** One for each file, by ascending process; `pid` is that of the whole process (its thread group). */
  readonly files: readonly { readonly pid: number; readonly value: number }[];
  /** Processes whose files this one may not see (CAP_SYS_PTRACE). */
  readonly refused: number;
}

/**
 * A number of each open file of a kind, of all processes that /proc shows. Those that end meanwhile are left out.
 * Undefined where that is over the budget.
 */
export function openFileNumbers(search: OpenFileSearch): OpenFileNumbers | undefined {
  return new Walk(search).run();
}

/** One pass over /proc. */
class Walk {
  readonly #arena: Arena;
  readonly #targets: readonly Uint8Array[];
  readonly #field: Uint8Array;
  readonly #files: { pid: number; value: number }[] = [];
  /** Places in the arena: directory entries, a link's target or a file's text, and a path. */
  readonly #entries: number;
  readonly #text: number;
  readonly #path: number;
  #refused = 0;
  #left: number;

  constructor({ targets, field, budget = Number.POSITIVE_INFINITY }: OpenFileSearch) {
    this.#left = budget;
    this.#arena = openArena();
    const encoder = new TextEncoder();
    this.#targets = targets.map((target) => encoder.encode(target));
    this.#field = encoder.encode(`${field}:\t`);
    beginCall();
    const { base } = this.#arena;
    this.#entries = placeRoom(ENTRIES_SIZE).address - base;
    this.#text = placeRoom(TEXT_SIZE).address - base;
    this.#path = placeRoom(PATH_SIZE).address - base;
  }

  run(): OpenFileNumbers | undefined {
    const fd = this.#open("/proc");
    if (fd < 0) throw fail("open", -fd, { subject: "/proc" });
    const pids: number[] = [];
    this.#eachNumber(fd, (pid) => pids.push(pid));
    for (const pid of pids) {
      this.#process(pid);
      if (this.#left < 0) return undefined;
    }
    return { files: this.#files, refused: this.#refused };
  }

  #process(pid: number): void {
    const files = this.#directory(pid, `/proc/${pid}/fd`);
    if (files === -Errno.EACCES || files === -Errno.EPERM) this.#refused += 1;
    // Threads of the kernel have none.
    if (files <= 0 || threadsOf(pid) <= 1) return;
    // A thread can have a table of files of its own (unshare(2) with CLONE_FILES).
    const tids: number[] = [];
    const tasks = this.#open(`/proc/${pid}/task`);
    if (tasks >= 0) this.#eachNumber(tasks, (tid) => tids.push(tid));
    for (const tid of tids) {
      if (tid !== pid && syscall("kcmp", pid, tid, KCMP_FILES) > 0) this.#directory(pid, `/proc/${pid}/task/${tid}/fd`);
    }
  }

  /** Looks at all files of a directory of /proc/PID/fd's kind. Returns how many, or the negative errno of opening it. */
  #directory(pid: number, path: string): number {
    const directory = this.#open(path);
    if (directory < 0) return directory;
    const { base } = this.#arena;
    const found: number[] = [];
    let count = 0;
    this.#eachNumber(directory, (fd, name) => {
      count += 1;
      const length = syscall("readlinkat", directory, base + name, base + this.#text, TEXT_SIZE);
      if (length > 0 && this.#isTarget(length)) found.push(fd);
    });
    // Known before the numbers are read, which takes most of the time.
    this.#left -= count * FILE_COST + found.length * NUMBER_COST;
    if (this.#left < 0) return count;
    for (const fd of found) {
      const value = this.#number(`${path}info/${fd}`);
      if (value !== undefined) this.#files.push({ pid, value });
    }
    return count;
  }

  #isTarget(length: number): boolean {
    const { bytes } = this.#arena;
    const at = this.#text;
    return this.#targets.some(
      (target) => target.length === length && target.every((byte, i) => byte === bytes[at + i]),
    );
  }

  /** The number behind the wanted field in a file of fields; undefined where the file is gone or has no such field. */
  #number(path: string): number | undefined {
    const file = this.#open(path);
    if (file < 0) return undefined;
    const { base, bytes } = this.#arena;
    const length = syscall("read", file, base + this.#text, TEXT_SIZE);
    closeAt(file);
    const end = this.#text + length;
    for (let at = this.#text; at < end; at = bytes.indexOf(NEWLINE, at) + 1) {
      if (this.#field.every((byte, i) => byte === bytes[at + i])) {
        return this.#digits(at + this.#field.length);
      }
      if (bytes.indexOf(NEWLINE, at) < 0) break;
    }
    return undefined;
  }

  /** Calls `visit` for each entry whose name is a number, with the name's place in the arena; closes the directory. */
  #eachNumber(directory: number, visit: (number: number, name: number) => void): void {
    const { base, bytes, view } = this.#arena;
    for (;;) {
      const length = syscall("getdents64", directory, base + this.#entries, ENTRIES_SIZE);
      if (length <= 0) break;
      const end = this.#entries + length;
      for (let at = this.#entries; at < end; at += view.getUint16(at + RECORD_LENGTH, true)) {
        const first = (bytes[at + NAME] as number) - DIGIT_0;
        if (first >= 0 && first <= 9) visit(this.#digits(at + NAME), at + NAME);
      }
      // procfs goes on until the room is full or all is told.
      if (length < ENTRIES_SIZE - MAX_ENTRY) break;
    }
    closeAt(directory);
  }

  #digits(at: number): number {
    const { bytes } = this.#arena;
    let number = 0;
    for (let i = at; ; i++) {
      const digit = (bytes[i] as number) - DIGIT_0;
      if (!(digit >= 0 && digit <= 9)) return number;
      number = number * 10 + digit;
    }
  }

  #open(path: string): number {
    const { base, bytes } = this.#arena;
    for (let i = 0; i < path.length; i++) bytes[this.#path + i] = path.charCodeAt(i);
    bytes[this.#path + path.length] = 0;
    return syscall("openat", AT_FDCWD, base + this.#path, O_CLOEXEC);
  }
}

/** A directory has a link from its parent, one from itself, and one from each directory in it. */
function threadsOf(pid: number): number {
  return (statSync(`/proc/${pid}/task`, { throwIfNoEntry: false })?.nlink ?? 0) - 2;
}
