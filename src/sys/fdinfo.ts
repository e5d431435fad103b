import { closeSync, openSync, readFileSync } from "node:fs";
import { checkU32 } from "../layout/index.ts";
import { beginCall, placeSpace } from "./call-buffer.ts";
import { syscall } from "./ffi.ts";
import { fail, withNodeError } from "./permission.ts";

/** Returns the fields of /proc/PID/fdinfo/FD, such as `map_id` or `prog_tag`. Default of `pid`: this process. */
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

/** The size of the buffer. The fdinfo of every program and map fits in it. */
const ROOM = 4096;
const LINE_END = 0x0a;
const ZERO = 0x30;
/** The beginning of the wanted line: `memlock:` and a tab. */
const KEY = [...new TextEncoder().encode("memlock:\t")];

/**
 * Reads how much kernel memory programs and maps take, from the `memlock` line of their fdinfo. Listings use this
 * class. They open and close one object after another, and each object gets the same fd number N. So this class opens
 * /proc/self/fdinfo/N only once and reads it again for each object: a read describes the object that has fd N at that
 * moment.
 */
export class FdMemlock implements Disposable {
  #entry = -1;
  #fd = -1;

  /** Returns the bytes of kernel memory; undefined if the kernel does not report them for this fd. */
  bytes(fd: number): number | undefined {
    if (fd !== this.#fd) this.#open(fd);
    if (this.#entry < 0) return undefined;
    const callBuffer = beginCall();
    const start = placeSpace(ROOM);
    // readSync() would take twice as long as this call.
    const length = syscall("pread64", this.#entry, callBuffer.base + start, ROOM, 0);
    if (length < 0) throw fail("pread64", -length, { subject: `/proc/self/fdinfo/${fd}` });
    return memlockLine(callBuffer.bytes, start, start + length);
  }

  #open(fd: number): void {
    this.close();
    try {
      this.#entry = openSync(`/proc/self/fdinfo/${fd}`, "r");
      this.#fd = fd;
    } catch {
      // /proc is not mounted. `bytes()` then returns undefined.
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

/** Returns the number in the line that begins with {@link KEY}; undefined if there is no such line. */
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
