import { UsageError } from "../errors/index.ts";
import { encodeFileName, isPlainFileName, writeU32, writeU64 } from "../layout/index.ts";
import { reserveMemory } from "./engine-memory.ts";
import { addressOf, isMainThread, lengthOf, syscall, viewMemory } from "./ffi.ts";
import { fail } from "./permission.ts";

// Each thread has one block of memory, the call buffer, for the arguments of its system calls. The block never moves,
// so the garbage collector cannot move an argument during a call, and an argument's address is the block's base plus an
// offset. Each call writes its arguments from the start of the block and overwrites those of the last call. Every
// worker thread loads its own copy of this module, so it has its own call buffer. The call buffer of a worker is memory
// of the JavaScript engine. The engine frees it when the worker ends, even by terminate().

/**
 * The largest page size of a supported machine: some arm64 kernels have pages of 64 KiB. mprotect(2) protects only
 * whole pages.
 */
const LARGEST_PAGE = 0x10000;
/** Bytes for the attr, the struct that is the argument of bpf(2). No command has a longer one. */
export const ATTR_SIZE = 256;
/** Bytes for the arguments of all calls except those on map elements. */
const CALL_AREA = 128 * 1024;
/** Bytes for the key of a map element. */
export const ELEM_KEY_SIZE = 4096;
/** Bytes for the value of a map element. A longer value is not copied here: the call gets the value's own address. */
export const ELEM_VALUE_SIZE = 0x10000;
const ELEM_SIZE = ATTR_SIZE + ELEM_KEY_SIZE + ELEM_VALUE_SIZE;
/** The size of a thread's call buffer, without the inaccessible page behind it. */
export const CALL_BUFFER_SIZE: number = Math.ceil((CALL_AREA + ELEM_SIZE) / LARGEST_PAGE) * LARGEST_PAGE;
/**
 * The offset of the area for map element calls. It is separate from the ordinary area and ends at the inaccessible
 * page.
 */
export const ELEM_AREA: number = CALL_BUFFER_SIZE - ELEM_SIZE;

const PROT_NONE = 0;
const PROT_READ_WRITE = 3;
const MAP_PRIVATE_ANONYMOUS = 0x22;

/** This thread's memory for the arguments of system calls. */
export interface CallBuffer {
  readonly base: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
}

let callBuffer: CallBuffer | undefined;
let top = ATTR_SIZE;
/** The caller's buffers to which the current call points. These references keep the buffers alive during the call. */
let held: Uint8Array[] = [];

/** Returns this thread's call buffer. Maps it on first use. */
export function openCallBuffer(): CallBuffer {
  if (callBuffer !== undefined) return callBuffer;
  // The page behind the call buffer is inaccessible. If the kernel tries to write past the end, the call fails with
  // EFAULT and changes no other memory.
  const reserved = isMainThread() ? undefined : reserveMemory(CALL_BUFFER_SIZE + LARGEST_PAGE);
  const base =
    reserved?.address ??
    syscall("mmap", 0, CALL_BUFFER_SIZE + LARGEST_PAGE, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
  if (base < 0) throw fail("mmap", -base);
  const guarded = syscall("mprotect", base + CALL_BUFFER_SIZE, LARGEST_PAGE, PROT_NONE);
  if (guarded < 0) throw fail("mprotect", -guarded);
  const buffer = reserved?.buffer ?? viewMemory(base, CALL_BUFFER_SIZE);
  callBuffer = {
    base,
    bytes: new Uint8Array(buffer, 0, CALL_BUFFER_SIZE),
    view: new DataView(buffer, 0, CALL_BUFFER_SIZE),
  };
  return callBuffer;
}

/** Begins a call: discards the arguments of the last call and zeroes the attr at the start of the call buffer. */
export function beginCall(): CallBuffer {
  const self = callBuffer ?? openCallBuffer();
  self.bytes.fill(0, 0, ATTR_SIZE);
  top = ATTR_SIZE;
  if (held.length > 0) held = [];
  return self;
}

/**
 * Reserves `length` bytes in the call area and returns their offset; -1 if there is not enough space. Does not zero the
 * bytes.
 */
export function reserveBytes(length: number): number {
  const at = (top + 7) & ~7;
  if (at + length > CALL_AREA) return -1;
  top = at + length;
  return at;
}

/**
 * Makes bytes available to the current call, and returns their address; 0 (NULL) for undefined or empty bytes. Copies a
 * short array into the call buffer. Does not copy a long array: returns the address of the caller's bytes.
 */
export function placeBytes(bytes: Uint8Array | undefined): number {
  const length = bytes === undefined ? 0 : lengthOf(bytes);
  if (bytes === undefined || length === 0) return 0;
  const self = callBuffer ?? openCallBuffer();
  const at = length > CALL_AREA / 4 ? -1 : reserveBytes(length);
  if (at < 0) {
    held.push(bytes);
    return addressOf(bytes);
  }
  self.bytes.set(bytes, at);
  return self.base + at;
}

const encoder = new TextEncoder();

/**
 * Makes a NUL-terminated text available to the current call, and returns its address. Throws UsageError for a NUL
 * inside the text, because the kernel would ignore the rest.
 */
export function placeText(text: string): number {
  if (text.includes("\0")) throw new UsageError(`${JSON.stringify(text)} contains a NUL byte`);
  return placeBytes(isPlainFileName(text) ? encoder.encode(`${text}\0`) : encodeFileName(`${text}\0`));
}

/** Makes 32-bit numbers available to the current call, and returns their address. */
export function placeU32s(values: readonly number[] | undefined): number {
  if (values === undefined || values.length === 0) return 0;
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) writeU32(view, i * 4, values[i] as number, `element ${i}`);
  return placeBytes(bytes);
}

/** Makes 64-bit numbers available to the current call, and returns their address. */
export function placeU64s(values: readonly (number | bigint)[] | undefined): number {
  if (values === undefined || values.length === 0) return 0;
  const bytes = new Uint8Array(values.length * 8);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) writeU64(view, i * 8, values[i] as number | bigint, `element ${i}`);
  return placeBytes(bytes);
}

/** A piece of memory that the kernel fills during the current call. */
export interface Room {
  readonly address: number;
  /** The memory itself. It is valid until the next call begins; copy the bytes to keep them. */
  readonly bytes: Uint8Array;
}

/** Reserves `length` zeroed bytes for the kernel to fill. */
export function placeRoom(length: number): Room {
  const self = callBuffer ?? openCallBuffer();
  const at = length > CALL_AREA / 2 ? -1 : reserveBytes(length);
  if (at < 0) {
    const bytes = new Uint8Array(length);
    held.push(bytes);
    return { address: addressOf(bytes), bytes };
  }
  const bytes = self.bytes.subarray(at, at + length);
  bytes.fill(0);
  return { address: self.base + at, bytes };
}

/** Reserves at most a few thousand bytes and returns their offset. Unlike {@link placeRoom}, does not zero them. */
export function placeSpace(length: number): number {
  const at = reserveBytes(length);
  if (at < 0)
    throw new RangeError(`the arguments of a system call need ${length} bytes, which do not fit into their buffer`);
  return at;
}

/**
 * Returns the address of the caller's own buffer. The kernel reads or fills this buffer in place. The buffer stays
 * alive until the next call.
 */
export function placeOwn(bytes: Uint8Array): number {
  held.push(bytes);
  return addressOf(bytes);
}
