import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type Koffi from "koffi";
import { BpfError, UsageError } from "../errors/index.ts";
import { type SyscallName, shortArguments, syscallNumber } from "./syscall-numbers.ts";

/** The C functions that this file calls. */
interface Ffi {
  readonly koffi: typeof Koffi;
  /**
   * `syscall(2)`, declared as `int syscall(nr, cmd, attr, size)`. The declaration is not variadic, which makes the call
   * four times as fast.
   */
  readonly bpf: (nr: number, cmd: number, attr: number, size: number) => number;
  readonly syscall: (nr: number, a: number, b: number, c: number, d: number, e: number, f: number) => number;
  readonly close: (fd: number) => number;
  readonly bpfNumber: number;
  readonly isMainThread: boolean;
}

let loaded: Ffi | undefined;

/** Loads koffi on the first call into the kernel, so that importing src/sys costs nothing. */
function load(): Ffi {
  if (process.platform !== "linux") {
    throw new BpfError(
      "NO_FFI",
      `bpfts cannot call the kernel on ${process.platform}: bpf(2) is a system call of Linux`,
    );
  }
  const bpfNumber = syscallNumber("bpf");
  const koffi = requireKoffi();
  const library = koffi.load(null);
  const callKernel: Ffi["syscall"] = library.func("syscall", "int64_t", ["int", ...Array(6).fill("int64_t")]);
  // The id of the main thread is the process's id. node:worker_threads also tells whether this is the main thread, but
  // importing it would load Node's streams at each start.
  const isMain = callKernel(syscallNumber("gettid"), 0, 0, 0, 0, 0, 0) === process.pid;
  if (!isMain) keepResident(library);
  loaded = {
    koffi,
    bpf: library.func("syscall", "int", ["int", "int", "int64_t", "uint32_t"]),
    syscall: callKernel,
    close: library.func("close", "int", ["int"]),
    bpfNumber,
    isMainThread: isMain,
  };
  return loaded;
}

/** Returns false in a worker thread. */
export function isMainThread(): boolean {
  return (loaded ?? load()).isMainThread;
}

const RTLD_NOW = 2;
const RTLD_NODELETE = 0x1000;

/**
 * Keeps the FFI library in memory until the process ends. Without this, Node unloads the library when the last worker
 * that uses it ends. libuv and the garbage collector would then call functions that no longer exist.
 */
function keepResident(library: ReturnType<typeof Koffi.load>): void {
  const path = loadedPath();
  if (path === undefined) return;
  const dlopen = library.func("dlopen", "void *", ["str", "int"]);
  dlopen(path, RTLD_NOW | RTLD_NODELETE);
}

/** Returns the path from which the library was loaded, according to this process's memory map. */
function loadedPath(): string | undefined {
  const maps = readFileSync("/proc/self/maps", "utf8");
  return /^\S+ \S+ \S+ \S+ \S+ +(\/.*\/koffi\.node)$/m.exec(maps)?.[1];
}

/**
 * Loads koffi. koffi has a separate package with the binary for each architecture. Its index files choose the binary
 * and add deprecated names. This function loads the binary directly, which saves 5 ms at every start. If the direct
 * load fails (another libc, or an installer that hides dependencies), it falls back to koffi's index.
 */
function requireKoffi(): typeof Koffi {
  const require = createRequire(import.meta.url);
  const machine = `${process.platform}-${process.arch}`;
  try {
    const index = require.resolve(`@koromix/koffi-${machine}`);
    return require(join(dirname(index), machine.replace("-", "_"), "koffi.node")) as typeof Koffi;
  } catch {
    return requireWholeKoffi(require);
  }
}

function requireWholeKoffi(require: NodeJS.Require): typeof Koffi {
  try {
    return require("koffi") as typeof Koffi;
  } catch (cause) {
    const [reason] = (cause as Error).message.split(/\r?\n/);
    throw new BpfError(
      "NO_FFI",
      `bpfts cannot call the kernel: the FFI library koffi did not load on ${process.platform}-${process.arch} (${reason}); ` +
        "install bpfts again on this machine, with its optional dependencies",
      { cause },
    );
  }
}

/** Calls bpf(2) with the attr at `address`. Returns the result, or the negative errno. This call allocates nothing. */
export function bpfAt(cmd: number, address: number, size: number): number {
  const ffi = loaded ?? load();
  const result = ffi.bpf(ffi.bpfNumber, cmd, address, size);
  if (result < 0) return -ffi.koffi.errno();
  return result;
}

/**
 * Makes any system call. Returns the result, or the negative errno. Addresses are numbers below 2^47. Throws UsageError
 * for a number that the kernel would truncate: the fd 2^32 + 5 would become the fd 5.
 */
export function syscall(name: SyscallName, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0): number {
  const ffi = loaded ?? load();
  const short = shortArguments(name);
  checkArgument(name, 1, a, short & 1);
  checkArgument(name, 2, b, short & 2);
  checkArgument(name, 3, c, short & 4);
  checkArgument(name, 4, d, short & 8);
  checkArgument(name, 5, e, short & 16);
  checkArgument(name, 6, f, short & 32);
  const nr = syscallNumber(name);
  const result = ffi.syscall(nr, a, b, c, d, e, f);
  if (result < 0) return -ffi.koffi.errno();
  return result;
}

function checkArgument(call: string, position: number, value: number, short: number): void {
  if (short === 0 ? Number.isSafeInteger(value) : (value | 0) === value || value >>> 0 === value) return;
  const range = short === 0 ? "of at most 2^53-1" : "of 32 bits";
  throw new UsageError(`${call}: argument ${position}, ${String(value)}, is not a whole number ${range}`);
}

/**
 * Calls close(2). Returns 0 or the negative errno. This function is faster than syscall(), which matters because
 * listings close an fd for each object.
 */
export function closeAt(fd: number): number {
  const ffi = loaded ?? load();
  checkArgument("close", 1, fd, 1);
  const result = ffi.close(fd);
  if (result < 0) return -ffi.koffi.errno();
  return result;
}

/**
 * Returns the memory `[address, address + length)` as an ArrayBuffer. This memory must stay mapped while the buffer
 * exists.
 */
export function viewMemory(address: number, length: number): ArrayBuffer {
  return (loaded ?? load()).koffi.view(address, length);
}

/**
 * Returns the address of the bytes in the caller's array. The address is valid only until the current synchronous
 * function returns, and only while something still refers to `bytes`. The call buffer keeps such a reference during the
 * call.
 */
export function addressOf(bytes: Uint8Array): number {
  const buffer = bytes.buffer;
  if (lengthOf(bytes) === 0) throw new UsageError("an empty or detached buffer has no address");
  if ((buffer as { resizable?: boolean }).resizable === true) {
    throw new UsageError("a resizable buffer may move in memory: copy its bytes into a buffer of fixed length");
  }
  return Number((loaded ?? load()).koffi.address(bytes));
}

const getLength = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), "length")?.get as (
  this: Uint8Array,
) => number;

/**
 * Returns the true length of an array in bytes. A subclass or an own property could report another `length`. The kernel
 * would then write past the end of the array.
 */
export function lengthOf(bytes: Uint8Array): number {
  return getLength.call(bytes);
}

/**
 * Calls koffi.node.poll. `callback` gets (status, events); koffi's types omit the status. See koffi's rules in
 * fd-poll.ts.
 */
export function pollReadable(fd: number, callback: (status: number) => void): PollHandle {
  checkArgument("poll", 1, fd, 1);
  const { koffi } = loaded ?? load();
  return koffi.node.poll(fd, { readable: true }, callback as never) as PollHandle;
}

/** The result of koffi.node.poll. Do not call any method after `close()`. */
export interface PollHandle {
  close(): void;
  ref(): void;
  unref(): void;
}
