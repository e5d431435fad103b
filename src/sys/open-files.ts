import { statSync } from "node:fs";
import { Errno } from "../errors/index.ts";
import { beginCall, type CallBuffer, openCallBuffer, placeRoom } from "./call-buffer.ts";
import { closeAt, syscall } from "./ffi.ts";
import { fail } from "./permission.ts";

// A machine has thousands of open files. With node:fs, Node's overhead for each call would take most of the time. So
// this file makes the system calls itself, compares names as bytes in the call buffer, and creates no objects for
// unwanted files.

const AT_FDCWD = -100;
const O_CLOEXEC = 0o2000000;
const KCMP_FILES = 2;
/** The offsets in struct linux_dirent64 of the fields that this file reads. */
const RECORD_LENGTH = 16;
const NAME = 19;
const ENTRIES_SIZE = 0x8000;
/** No directory entry of /proc takes more bytes than this. */
const MAX_ENTRY = 512;
const TEXT_SIZE = 0x1000;
const PATH_SIZE = 64;
const DIGIT_0 = 48;
const NEWLINE = 10;

/** An open file. */
export interface OpenFile {
  /** The id of the process. If a thread has its own file table (unshare(2) with CLONE_FILES), the id of this thread. */
  readonly task: number;
  readonly fd: number;
}

/**
 * Searches all processes in /proc, and returns the open files whose link /proc/PID/fd/FD has one of these targets.
 * Skips processes that end during the search, and processes whose files this process may not read.
 */
export function openFiles(targets: readonly string[]): OpenFile[] {
  const files: OpenFile[] = [];
  new Walk({ targets }, (_pid, task, fd) => files.push({ task, fd })).run();
  return files;
}

/** The open files that {@link openFileNumbers} looks for. */
export interface OpenFileSearch {
  /** The accepted targets of the link /proc/PID/fd/FD, for instance `anon_inode:bpf-map`. */
  readonly targets: readonly string[];
  /** The field of /proc/PID/fdinfo/FD to return, for instance `map_id`. */
  readonly field: string;
  /** Give up if the search would take more than this many microseconds on an idle machine. Default: never. */
  readonly budget?: number | undefined;
}

/**
 * The cost in microseconds of reading the link of an open file, and of reading the number in the fdinfo of a wanted
 * file.
 */
const FILE_COST = 2;
const NUMBER_COST = 8;

/** The open files that were found. */
export interface OpenFileNumbers {
  /** One entry for each file, sorted by process. `pid` is the id of the process (thread group), not of a thread. */
  readonly files: readonly { readonly pid: number; readonly value: number }[];
  /** How many processes have files that this process may not read (CAP_SYS_PTRACE). */
  readonly refused: number;
}

/**
 * Searches all processes in /proc for open files of a kind, and returns a number for each such file, for example an
 * object's id. Skips processes that end during the search. Returns undefined if the search would exceed the budget.
 */
export function openFileNumbers(search: OpenFileSearch): OpenFileNumbers | undefined {
  const field = encoder.encode(`${search.field}:\t`);
  const files: { pid: number; value: number }[] = [];
  const walk = new Walk(search, (pid, _task, _fd, info) => {
    const value = walk.number(info, field);
    if (value !== undefined) files.push({ pid, value });
  });
  const refused = walk.run();
  return refused === undefined ? undefined : { files, refused };
}

/**
 * Called for each file that the walk finds. `pid` is the process, `task` the process or thread that has the file table,
 * `info` the path of the fdinfo file.
 */
type OnFile = (pid: number, task: number, fd: number, info: string) => void;

const encoder = new TextEncoder();

/** One pass over /proc. */
class Walk {
  readonly #callBuffer: CallBuffer;
  readonly #targets: readonly Uint8Array[];
  readonly #onFile: OnFile;
  /**
   * Offsets in the call buffer. The first one is for directory entries, the second one for the target of a link or the
   * text of a file, and the third one for a path.
   */
  readonly #entries: number;
  readonly #text: number;
  readonly #path: number;
  #refused = 0;
  #left: number;

  constructor(search: Pick<OpenFileSearch, "targets" | "budget">, onFile: OnFile) {
    const { targets, budget = Number.POSITIVE_INFINITY } = search;
    this.#left = budget;
    this.#onFile = onFile;
    this.#callBuffer = openCallBuffer();
    this.#targets = targets.map((target) => encoder.encode(target));
    beginCall();
    const { base } = this.#callBuffer;
    this.#entries = placeRoom(ENTRIES_SIZE).address - base;
    this.#text = placeRoom(TEXT_SIZE).address - base;
    this.#path = placeRoom(PATH_SIZE).address - base;
  }

  /** Returns how many processes have files that may not be read. Returns undefined if the budget is exceeded. */
  run(): number | undefined {
    const fd = this.#open("/proc");
    if (fd < 0) throw fail("open", -fd, { subject: "/proc" });
    const pids: number[] = [];
    this.#eachNumber(fd, (pid) => pids.push(pid));
    for (const pid of pids) {
      this.#process(pid);
      if (this.#left < 0) return undefined;
    }
    return this.#refused;
  }

  #process(pid: number): void {
    const files = this.#directory(pid, pid, `/proc/${pid}/fd`);
    if (files === -Errno.EACCES || files === -Errno.EPERM) this.#refused += 1;
    // Kernel threads have no files. The threads of a single-threaded process need not be examined.
    if (files <= 0 || threadsOf(pid) <= 1) return;
    // A thread can have its own file table (unshare(2) with CLONE_FILES).
    const tids: number[] = [];
    const tasks = this.#open(`/proc/${pid}/task`);
    if (tasks >= 0) this.#eachNumber(tasks, (tid) => tids.push(tid));
    for (const tid of tids) {
      if (tid === pid || syscall("kcmp", pid, tid, KCMP_FILES) <= 0) continue;
      this.#directory(pid, tid, `/proc/${pid}/task/${tid}/fd`);
    }
  }

  /**
   * Examines all files in a directory such as /proc/PID/fd. Returns how many files it has. If the directory cannot be
   * opened, returns the negative errno.
   */
  #directory(pid: number, task: number, path: string): number {
    const directory = this.#open(path);
    if (directory < 0) return directory;
    const { base } = this.#callBuffer;
    const found: number[] = [];
    let count = 0;
    this.#eachNumber(directory, (fd, name) => {
      count += 1;
      const length = syscall("readlinkat", directory, base + name, base + this.#text, TEXT_SIZE);
      if (length > 0 && this.#isTarget(length)) found.push(fd);
    });
    // Check the budget before the numbers are read, because reading them would take most of the time.
    this.#left -= count * FILE_COST + found.length * NUMBER_COST;
    if (this.#left < 0) return count;
    for (const fd of found) this.#onFile(pid, task, fd, `${path}info/${fd}`);
    return count;
  }

  #isTarget(length: number): boolean {
    const { bytes } = this.#callBuffer;
    const at = this.#text;
    return this.#targets.some(
      (target) => target.length === length && target.every((byte, i) => byte === bytes[at + i]),
    );
  }

  /**
   * Returns the number in a field of an fdinfo file. `field` is the beginning of the field's line, up to the number.
   * Returns undefined if the file is gone or does not have the field.
   */
  number(path: string, field: Uint8Array): number | undefined {
    const file = this.#open(path);
    if (file < 0) return undefined;
    const { base, bytes } = this.#callBuffer;
    const length = syscall("read", file, base + this.#text, TEXT_SIZE);
    closeAt(file);
    const end = this.#text + length;
    for (let at = this.#text; at < end; at = bytes.indexOf(NEWLINE, at) + 1) {
      if (field.every((byte, i) => byte === bytes[at + i])) {
        return this.#digits(at + field.length);
      }
      if (bytes.indexOf(NEWLINE, at) < 0) break;
    }
    return undefined;
  }

  /**
   * Calls `visit` for each entry whose name is a number, with this number and with the name's offset in the call
   * buffer. Closes the directory.
   */
  #eachNumber(directory: number, visit: (number: number, name: number) => void): void {
    const { base, bytes, view } = this.#callBuffer;
    for (;;) {
      const length = syscall("getdents64", directory, base + this.#entries, ENTRIES_SIZE);
      if (length <= 0) break;
      const end = this.#entries + length;
      for (let at = this.#entries; at < end; at += view.getUint16(at + RECORD_LENGTH, true)) {
        const first = (bytes[at + NAME] as number) - DIGIT_0;
        if (first >= 0 && first <= 9) visit(this.#digits(at + NAME), at + NAME);
      }
      // procfs returns as many whole entries as fit into the buffer. If another entry would have fitted, these were the
      // last entries.
      if (length < ENTRIES_SIZE - MAX_ENTRY) break;
    }
    closeAt(directory);
  }

  #digits(at: number): number {
    const { bytes } = this.#callBuffer;
    let number = 0;
    for (let i = at; ; i++) {
      const digit = (bytes[i] as number) - DIGIT_0;
      if (!(digit >= 0 && digit <= 9)) return number;
      number = number * 10 + digit;
    }
  }

  #open(path: string): number {
    const { base, bytes } = this.#callBuffer;
    for (let i = 0; i < path.length; i++) bytes[this.#path + i] = path.charCodeAt(i);
    bytes[this.#path + path.length] = 0;
    return syscall("openat", AT_FDCWD, base + this.#path, O_CLOEXEC);
  }
}

/**
 * Returns the number of threads of a process. It comes from the link count of the task directory: one link for each
 * thread, one from the parent, and one from the directory itself.
 */
function threadsOf(pid: number): number {
  return (statSync(`/proc/${pid}/task`, { throwIfNoEntry: false })?.nlink ?? 0) - 2;
}
