import { closeSync, openSync, readFileSync } from "node:fs";
import { checkU32 } from "../layout/index.ts";
import { beginCall, placeSpace } from "./arena.ts";
import { syscall } from "./ffi.ts";
import { withNodeError } from "./node-error.ts";
import { fail } from "./permission.ts";

/** The fields of /proc/PID/fdinfo/FD, such as `map_id` or `prog_tag`; of this process unless `pid` is given. */
export function fdInfo(fd: number, pid: number | "self" = "self"): ReadonlyMap<string, string> {
  const path = `/proc/${pid === "self" ? pid : checkU32(pid, "pid")}/fdinfo/${checkU32(fd, "fd")}`;
  return parseFdInfo(withNodeError(path, () => readFileSync(path, "utf8")));
}

/** Parses `name:\tvalue` lines. */
export function parseFdInfo(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return fields;
}

/** More than an entry of a program or map has. */
const ROOM = 4096;
const LINE_END = 0x0a;
const ZERO = 0x30;
/** `memlock:` and a tab. */
const KEY = [...new TextEncoder().encode("memlock:\t")];

/**
 * Tells the kernel memory of programs and maps: the `memlock` line of their fds' entries in /proc. For listings of many
 * objects, which the kernel gives the same number one after another: the entry stays open as long as the number does not
 * change, and each reading of it is of the file that has the number then.
 */
export class FdMemlock implements Disposable {
  #entry = -1;
  #fd = -1;

  /** Bytes; undefined where the kernel says nothing about this fd. */
  bytes(fd: number): number | undefined {
    if (fd !== this.#fd) this.#open(fd);
    if (this.#entry < 0) return undefined;
    const arena = beginCall();
    const start = placeSpace(ROOM);
    // Not readSync, which takes as long again as the kernel does.
    const length = syscall("pread64", this.#entry, arena.base + start, ROOM, 0);
    if (length < 0) throw fail("pread64", -length, { subject: `/proc/self/fdinfo/${fd}` });
    return memlockLine(arena.bytes, start, start + length);
  }

  #open(fd: number): void {
    this.close();
    try {
      this.#entry = openSync(`/proc/self/fdinfo/${fd}`, "r");
      this.#fd = fd;
    } catch {
      // No /proc.
    }
  }

  close(): void {
    if (this.#entry >= 0) closeSync(this.#entry);
    this.#entry = -1;
    this.#fd = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** The number of the line that begins with the key. */
function memlockLine(bytes: Uint8Array, start: number, end: number): number | undefined {
  for (let at = start; at < end; at++) {
    let i = 0;
    while (i < KEY.length && bytes[at + i] === KEY[i]) i++;
    if (i < KEY.length) {
      while (at < end && bytes[at] !== LINE_END) at++;
      continue;
    }
    let value = 0;
    for (at += i; at < end && bytes[at] !== LINE_END; at++) value = value * 10 + (bytes[at] as number) - ZERO;
    return value;
  }
  return undefined;
}
