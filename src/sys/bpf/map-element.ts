import { Errno, UsageError } from "../../errors/index.ts";
import { checkU32, WordView } from "../../layout/index.ts";
import { BpfCmd, isPerCpuMap } from "../../uapi/index.ts";
import {
  ATTR_SIZE,
  type CallBuffer,
  ELEM_AREA,
  ELEM_KEY_SIZE,
  ELEM_VALUE_SIZE,
  openCallBuffer,
} from "../call-buffer.ts";
import { addressOf, bpfAt, lengthOf } from "../ffi.ts";
import { possibleCpus } from "../machine.ts";
import { commandError } from "./command.ts";
import { mapInfo } from "./map-info.ts";

// These are the most frequent calls. Each takes 300 ns, most of it in the kernel. The attr, the key and the value have
// fixed positions in the call buffer, and the addresses of key and value are written only once. So an ordinary call
// only stores the fd and the flags and copies its bytes. It allocates nothing.

const KEY = ELEM_AREA + ATTR_SIZE;
const VALUE: number = KEY + ELEM_KEY_SIZE;
const ELEM_SIZE = 32;
// A command refuses non-zero bytes in fields that it does not use (CHECK_ATTR). Other commands may have left such bytes
// in this attr. So each command passes the attr only up to its last field.
const UP_TO_KEY = 16;
const UP_TO_VALUE = 24;

let callBuffer: CallBuffer | undefined;
let bytes: Uint8Array = new Uint8Array(0);
let attr32: Int32Array = new Int32Array(0);
let attr64: BigUint64Array = new BigUint64Array(0);
let attrAddress = 0;
let keyAddress = 0n;
let valueAddress = 0n;
/** The current value of the attr's flags field. A comparison with it is cheaper than storing the same flags again. */
let lastFlags = 0n;

function setUp(): CallBuffer {
  const self = openCallBuffer();
  callBuffer = self;
  bytes = self.bytes;
  const { buffer } = self.bytes;
  attr32 = new Int32Array(buffer, ELEM_AREA, ELEM_SIZE / 4);
  attr64 = new BigUint64Array(buffer, ELEM_AREA, ELEM_SIZE / 8);
  attrAddress = self.base + ELEM_AREA;
  keyAddress = BigInt(self.base + KEY);
  valueAddress = BigInt(self.base + VALUE);
  attr64[1] = keyAddress;
  attr64[2] = valueAddress;
  return self;
}

/** The memory of a key or a value, as bytes and as a view. */
export interface ElementBuffer {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/**
 * Returns the buffers that {@link mapLookupPlaced} and {@link mapUpdatePlaced} give to the kernel. Write the key into
 * its buffer before the call, and write or read the value in its buffer. This saves a copy. All element calls use these
 * buffers, so make no other element call between writing the key and reading the value. Returns undefined if the key or
 * the value does not fit.
 */
export function elementPlaces(
  keySize: number,
  valueSize: number,
): { readonly key: ElementBuffer; readonly value: ElementBuffer } | undefined {
  if (keySize === 0 || keySize > ELEM_KEY_SIZE || valueSize > ELEM_VALUE_SIZE) return undefined;
  const { buffer } = (callBuffer ?? setUp()).bytes;
  const place = (at: number, size: number): ElementBuffer => ({
    bytes: new Uint8Array(buffer, at, size),
    view: new WordView(buffer, at, size),
  });
  return { key: place(KEY, keySize), value: place(VALUE, valueSize) };
}

/** Does the same as {@link mapLookupElem}, with the key and the value in {@link elementPlaces}. */
export function mapLookupPlaced(fd: number): boolean {
  setCall(fd, 0n);
  const result = bpfAt(BpfCmd.BPF_MAP_LOOKUP_ELEM, attrAddress, ELEM_SIZE);
  if (result >= 0) return true;
  if (result === -Errno.ENOENT) return false;
  throw commandError(BpfCmd.BPF_MAP_LOOKUP_ELEM, -result, { needs: ["CAP_BPF"] });
}

/** Does the same as {@link mapUpdateElem}, with the key and the value in {@link elementPlaces}. */
export function mapUpdatePlaced(fd: number, flags: bigint): void {
  setCall(fd, flags);
  const result = bpfAt(BpfCmd.BPF_MAP_UPDATE_ELEM, attrAddress, ELEM_SIZE);
  if (result < 0) throw commandError(BpfCmd.BPF_MAP_UPDATE_ELEM, -result, { needs: ["CAP_BPF"] });
}

/** Up to this many bytes, a loop is faster than `TypedArray.set()`, which takes at least 12 ns. */
const LOOP = 16;
/**
 * A view of the value in the call buffer, with the length of the last value. Reusing this view saves a `subarray()`,
 * which takes 20 ns.
 */
let valuePlace: Uint8Array = new Uint8Array(0);

function copyIn(from: Uint8Array, at: number): void {
  const length = lengthOf(from);
  if (length > LOOP) bytes.set(from, at);
  else for (let i = 0; i < length; i++) bytes[at + i] = from[i] as number;
}

function copyValueOut(to: Uint8Array): void {
  const length = lengthOf(to);
  if (length > LOOP) {
    if (valuePlace.length !== length) valuePlace = bytes.subarray(VALUE, VALUE + length);
    to.set(valuePlace);
  } else {
    for (let i = 0; i < length; i++) to[i] = bytes[VALUE + i] as number;
  }
}

/**
 * Writes the fd into the attr. Checks it first, because a typed array would turn the number 2**32 + 3 into the fd 3.
 */
function setFd(fd: number): void {
  if ((fd | 0) !== fd || fd < 0) throw new UsageError(`fd: ${String(fd)} is not a file descriptor`);
  attr32[0] = fd;
}

function setCall(fd: number, flags: bigint): void {
  setFd(fd);
  if (flags !== lastFlags) {
    if (flags < 0n || flags > 0xffffffffffffffffn) throw new UsageError(`flags: ${flags} does not fit into 64 bits`);
    attr64[3] = flags;
    lastFlags = flags;
  }
}

function setKey(key: Uint8Array): void {
  if (lengthOf(key) > ELEM_KEY_SIZE) {
    throw new UsageError(`a map key has at most 512 bytes, but ${lengthOf(key)} were given`);
  }
  copyIn(key, KEY);
}

/**
 * For a value that is too long for the call buffer, passes the address of `value` itself. The kernel then writes a
 * whole value of the map there, so this function checks that `value` is long enough. Keeps a reference to `value` until
 * resetValue().
 */
function setValue(fd: number, value: Uint8Array): void {
  const length = lengthOf(value);
  if (length <= ELEM_VALUE_SIZE) return;
  const { value_bytes } = mapElementSize(fd);
  if (value_bytes > length) {
    throw new UsageError(`a value of this map has ${value_bytes} bytes, but the buffer for it has only ${length}`);
  }
  attr64[2] = BigInt(addressOf(value));
}

function resetValue(value: Uint8Array): void {
  if (lengthOf(value) > ELEM_VALUE_SIZE) attr64[2] = valueAddress;
}

function readElement(cmd: BpfCmd, fd: number, key: Uint8Array, value: Uint8Array, flags: bigint): boolean {
  if (callBuffer === undefined) setUp();
  setCall(fd, flags);
  setKey(key);
  setValue(fd, value);
  const result = bpfAt(cmd, attrAddress, ELEM_SIZE);
  resetValue(value);
  if (result < 0) {
    if (result === -Errno.ENOENT) return false;
    throw commandError(cmd, -result, { needs: ["CAP_BPF"] });
  }
  if (lengthOf(value) <= ELEM_VALUE_SIZE) copyValueOut(value);
  return true;
}

/**
 * Reads the element of `key` into `value`. Returns false if the map has no such element. `value` must have the map's
 * value size. For a per-CPU map, its size is the value size rounded up to a multiple of 8, times the number of possible
 * CPUs. If `value` is too short and has at most 64 KiB, it gets only the bytes that fit. If `value` is too short and
 * has more than 64 KiB, this function throws UsageError.
 */
export function mapLookupElem(fd: number, key: Uint8Array, value: Uint8Array, flags = 0n): boolean {
  return readElement(BpfCmd.BPF_MAP_LOOKUP_ELEM, fd, key, value, flags);
}

/**
 * Does the same as {@link mapLookupElem}, and deletes the element atomically. With an empty key, it pops a value from a
 * queue or stack.
 */
export function mapLookupAndDeleteElem(fd: number, key: Uint8Array, value: Uint8Array, flags = 0n): boolean {
  // A queue has no keys. For a queue, the kernel requires NULL as the key (kernel/bpf/syscall.c,
  // map_lookup_and_delete_elem).
  if (lengthOf(key) > 0) return readElement(BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_ELEM, fd, key, value, flags);
  return withoutKey(() => readElement(BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_ELEM, fd, key, value, flags));
}

/** Looks up in a map without keys: peeks at a queue or stack, or tests if a bloom filter contains `value`. */
export function mapLookupWithoutKey(fd: number, value: Uint8Array, flags = 0n): boolean {
  if (callBuffer === undefined) setUp();
  // For a bloom filter, the kernel reads the value, so copy it into the call buffer.
  if (lengthOf(value) <= ELEM_VALUE_SIZE) copyIn(value, VALUE);
  return withoutKey(() => readElement(BpfCmd.BPF_MAP_LOOKUP_ELEM, fd, EMPTY, value, flags));
}
const EMPTY = new Uint8Array(0);

function withoutKey<T>(call: () => T): T {
  if (callBuffer === undefined) setUp();
  attr64[1] = 0n;
  try {
    return call();
  } finally {
    attr64[1] = keyAddress;
  }
}

/** Writes an element. An empty `key` is passed as NULL, for queues, stacks and bloom filters. Throws SyscallError. */
export function mapUpdateElem(fd: number, key: Uint8Array, value: Uint8Array, flags = 0n): void {
  if (callBuffer === undefined) setUp();
  setCall(fd, flags);
  setKey(key);
  if (lengthOf(key) === 0) attr64[1] = 0n;
  if (lengthOf(value) <= ELEM_VALUE_SIZE) copyIn(value, VALUE);
  else setValue(fd, value);
  const result = bpfAt(BpfCmd.BPF_MAP_UPDATE_ELEM, attrAddress, ELEM_SIZE);
  if (lengthOf(key) === 0) attr64[1] = keyAddress;
  resetValue(value);
  if (result < 0) throw commandError(BpfCmd.BPF_MAP_UPDATE_ELEM, -result, { needs: ["CAP_BPF"] });
}

/** Deletes an element. Returns false if the map had no such element. */
export function mapDeleteElem(fd: number, key: Uint8Array): boolean {
  if (callBuffer === undefined) setUp();
  setFd(fd);
  setKey(key);
  const result = bpfAt(BpfCmd.BPF_MAP_DELETE_ELEM, attrAddress, UP_TO_KEY);
  if (result >= 0) return true;
  if (result === -Errno.ENOENT) return false;
  throw commandError(BpfCmd.BPF_MAP_DELETE_ELEM, -result, { needs: ["CAP_BPF"] });
}

/**
 * Writes the key after `key` into `next`; the first key if `key` is undefined. `next` must have the map's key size.
 * Returns false after the last key.
 */
export function mapGetNextKey(fd: number, key: Uint8Array | undefined, next: Uint8Array): boolean {
  if (callBuffer === undefined) setUp();
  setFd(fd);
  if (key === undefined) attr64[1] = 0n;
  else setKey(key);
  // The kernel writes the next key into the call buffer, so `next` must not be longer than the area for keys there. No
  // map has longer keys.
  if (lengthOf(next) > ELEM_KEY_SIZE) {
    throw new UsageError(`a map key has at most 512 bytes, but the buffer for the next key has ${lengthOf(next)}`);
  }
  const result = bpfAt(BpfCmd.BPF_MAP_GET_NEXT_KEY, attrAddress, UP_TO_VALUE);
  attr64[1] = keyAddress;
  if (result < 0) {
    if (result === -Errno.ENOENT) return false;
    throw commandError(BpfCmd.BPF_MAP_GET_NEXT_KEY, -result, { needs: ["CAP_BPF"] });
  }
  copyValueOut(next);
  return true;
}

/**
 * Returns how many bytes a system call reads or writes for a key and for a value. For a per-CPU map, the value contains
 * the values of all CPUs.
 */
export function mapElementSize(fd: number): { readonly key_bytes: number; readonly value_bytes: number } {
  const { type, key_size, value_size } = mapInfo(fd);
  const value_bytes = isPerCpuMap(type) ? Math.ceil(value_size / 8) * 8 * possibleCpus() : value_size;
  return { key_bytes: key_size, value_bytes };
}

/**
 * Throws UsageError if `keys` or `values` is too short for `count` elements. The kernel does not know the lengths of
 * these buffers, and would write past their end. Returns the size of a key in bytes.
 */
export function checkBatchRoom(fd: number, keys: Uint8Array, values: Uint8Array | undefined, count: number): number {
  checkU32(count, "count");
  const { key_bytes, value_bytes } = mapElementSize(fd);
  if (lengthOf(keys) < count * key_bytes) {
    throw new UsageError(
      `${count} keys of ${key_bytes} bytes need ${count * key_bytes} bytes, but the buffer has ${lengthOf(keys)}`,
    );
  }
  if (values !== undefined && lengthOf(values) < count * value_bytes) {
    throw new UsageError(
      `${count} values of ${value_bytes} bytes need ${count * value_bytes} bytes, but the buffer has ${lengthOf(values)}`,
    );
  }
  return key_bytes;
}
