import { isMainThread } from "node:worker_threads";
import { UsageError } from "../errors/index.ts";
import { encodeFileName, isPlainFileName, writeU32, writeU64 } from "../layout/index.ts";
import { reserveMemory } from "./engine-memory.ts";
import { addressOf, lengthOf, syscall, viewMemory } from "./ffi.ts";
import { fail } from "./permission.ts";

// What a system call points to lies in one anonymous mapping per thread: its address never changes, so an address
// is a base plus an offset and no garbage collection comes between taking it and using it. The arguments of one call
// are placed from the start; the next call forgets them. Node's modules exist once per worker thread, so do these
// variables. A worker thread takes memory of the engine, which gives it back when the worker ends, however it ends.

/** The largest page of any machine: some arm64 kernels have pages of 64 KiB. mprotect(2) takes whole pages only. */
const LARGEST_PAGE = 0x10000;
/** The attr of the current call. No kernel struct that is passed by attr is longer. */
export const ATTR_SIZE = 256;
/** Bytes for the arguments of ordinary calls. */
const CALL_AREA = 128 * 1024;
/** A map element's key has this much room. */
export const ELEM_KEY_SIZE = 4096;
/** A map element's value has this much room; longer ones are passed by their own address. */
export const ELEM_VALUE_SIZE = 0x10000;
const ELEM_SIZE = ATTR_SIZE + ELEM_KEY_SIZE + ELEM_VALUE_SIZE;
/** Bytes of a thread's arena, without the page behind it. */
export const ARENA_SIZE: number = Math.ceil((CALL_AREA + ELEM_SIZE) / LARGEST_PAGE) * LARGEST_PAGE;
/** The area of the map element calls, which never touch the ordinary one. It ends where the inaccessible page begins. */
export const ELEM_AREA: number = ARENA_SIZE - ELEM_SIZE;

const PROT_NONE = 0;
const PROT_READ_WRITE = 3;
const MAP_PRIVATE_ANONYMOUS = 0x22;

/** This thread's memory for system calls. */
export interface Arena {
  readonly base: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
}

let arena: Arena | undefined;
let top = ATTR_SIZE;
/** The caller's buffers that the current call points to, so that they outlive it. */
let held: Uint8Array[] = [];

/** This thread's arena; mapped on first use. */
export function openArena(): Arena {
  if (arena !== undefined) return arena;
  // The page behind stays inaccessible: a value that is longer than its buffer ends in EFAULT, not in foreign memory.
  const reserved = isMainThread ? undefined : reserveMemory(ARENA_SIZE + LARGEST_PAGE);
  const base =
    reserved?.address ?? syscall("mmap", 0, ARENA_SIZE + LARGEST_PAGE, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
  if (base < 0) throw fail("mmap", -base);
  const guarded = syscall("mprotect", base + ARENA_SIZE, LARGEST_PAGE, PROT_NONE);
  if (guarded < 0) throw fail("mprotect", -guarded);
  const buffer = reserved?.buffer ?? viewMemory(base, ARENA_SIZE);
  arena = { base, bytes: new Uint8Array(buffer, 0, ARENA_SIZE), view: new DataView(buffer, 0, ARENA_SIZE) };
  return arena;
}

/** Starts a call: forgets what the last one placed, and zeroes the attr. Its address is `base`, its view `view`. */
export function beginCall(): Arena {
  const self = arena ?? openArena();
  self.bytes.fill(0, 0, ATTR_SIZE);
  top = ATTR_SIZE;
  if (held.length > 0) held = [];
  return self;
}

/** The offset of `length` free bytes in the call area, which hold anything; -1 where they do not fit. */
export function take(length: number): number {
  const at = (top + 7) & ~7;
  if (at + length > CALL_AREA) return -1;
  top = at + length;
  return at;
}

/** Places bytes for the current call and returns their address; 0 (NULL) for none. Long ones are passed where they are. */
export function placeBytes(bytes: Uint8Array | undefined): number {
  const length = bytes === undefined ? 0 : lengthOf(bytes);
  if (bytes === undefined || length === 0) return 0;
  const self = arena ?? openArena();
  const at = length > CALL_AREA / 4 ? -1 : take(length);
  if (at < 0) {
    held.push(bytes);
    return addressOf(bytes);
  }
  self.bytes.set(bytes, at);
  return self.base + at;
}

const encoder = new TextEncoder();

/** Places a NUL-terminated text for the current call. A NUL within is a UsageError: the kernel would see another name. */
export function placeText(text: string): number {
  if (text.includes("\0")) throw new UsageError(`${JSON.stringify(text)} contains a NUL byte`);
  return placeBytes(isPlainFileName(text) ? encoder.encode(`${text}\0`) : encodeFileName(`${text}\0`));
}

/** Places 32-bit numbers. */
export function placeU32s(values: readonly number[] | undefined): number {
  if (values === undefined || values.length === 0) return 0;
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) writeU32(view, i * 4, values[i] as number, `element ${i}`);
  return placeBytes(bytes);
}

/** Places 64-bit numbers. */
export function placeU64s(values: readonly (number | bigint)[] | undefined): number {
  if (values === undefined || values.length === 0) return 0;
  const bytes = new Uint8Array(values.length * 8);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) writeU64(view, i * 8, values[i] as number | bigint, `element ${i}`);
  return placeBytes(bytes);
}

/** Room that the kernel fills during the current call. */
export interface Room {
  readonly address: number;
  /** Valid until the next call begins: copy what is to stay. */
  readonly bytes: Uint8Array;
}

/** Zeroed room of `length` bytes for the kernel's answer. */
export function placeRoom(length: number): Room {
  const self = arena ?? openArena();
  const at = length > CALL_AREA / 2 ? -1 : take(length);
  if (at < 0) {
    const bytes = new Uint8Array(length);
    held.push(bytes);
    return { address: addressOf(bytes), bytes };
  }
  const bytes = self.bytes.subarray(at, at + length);
  bytes.fill(0);
  return { address: self.base + at, bytes };
}

/** Like {@link placeRoom}, for at most a few thousand bytes that the kernel fills or the caller zeroes: their offset. */
export function placeSpace(length: number): number {
  const at = take(length);
  if (at < 0) throw new RangeError(`${length} bytes do not fit the arena of system calls`);
  return at;
}

/** Passes the caller's own buffer, to be read or filled in place; it stays alive until the next call begins. */
export function placeOwn(bytes: Uint8Array): number {
  held.push(bytes);
  return addressOf(bytes);
}
