import { fstatSync } from "node:fs";
import { ClosedError, UsageError } from "../errors/index.ts";
import { addressOf, syscall, viewMemory } from "./ffi.ts";
import { fail } from "./permission.ts";

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_NORESERVE = 0x4000;

/** How to map. */
export interface MapMemoryOptions {
  /** Bytes; rounded up to whole pages by the kernel. */
  readonly length: number;
  /** Bytes from the start of the fd's memory, a multiple of the page size. */
  readonly offset?: number | undefined;
  /** Maps for writing as well. Views of a mapping that is not writable must never be written: that ends the process. */
  readonly writable?: boolean | undefined;
  /** Wanted address, for arenas, which must lie where the map was told. */
  readonly address?: number | undefined;
}

interface Range {
  readonly address: number;
  readonly length: number;
}

/** Gives back the memory of a mapping outside of JavaScript's own when nobody can see it any more, never under a view. */
const mapped = new FinalizationRegistry<Range>(({ address, length }) => {
  syscall("munmap", address, length);
});

/** What of the engine's WebAssembly is used here: the compiler's types for Node leave it out. */
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
};
const WASM_PAGE = 0x10000;
const MOST_WASM_PAGES = 0x10000;

/**
 * Reserves memory of JavaScript's own as the place of a mapping: that of a WebAssembly memory. The engine gives it back
 * when nobody can see it any more, and when a worker thread is terminated, which no JavaScript of the worker could do. Its
 * buffer cannot be transferred, so no view can outlive it. Returns undefined if the engine has none.
 */
function reservePlace(length: number): { readonly address: number; readonly buffer: ArrayBuffer } | undefined {
  const pages = Math.ceil(length / WASM_PAGE);
  if (pages > MOST_WASM_PAGES) return undefined;
  try {
    const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages });
    return { address: addressOf(new Uint8Array(buffer)), buffer };
  } catch (error) {
    // The address space of the process is limited, or WebAssembly is switched off.
    if (error instanceof RangeError || error instanceof ReferenceError) return undefined;
    throw error;
  }
}

/** Puts private pages in the place of a mapping. Views of it stay readable and writable. Returns the errno or 0. */
function dropPages({ address, length }: Range): number {
  const flags = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  const result = syscall("mmap", address, length, PROT_READ | PROT_WRITE, flags, -1, 0);
  return result < 0 ? -result : 0;
}

/** Memory shared with the kernel. */
export class MappedMemory {
  readonly what: string;
  readonly address: number;
  readonly length: number;
  readonly writable: boolean;
  readonly #range: Range;
  #buffer: ArrayBuffer | undefined;

  constructor(fd: number, options: MapMemoryOptions, what: string) {
    const { length, offset = 0, writable = false, address = 0 } = options;
    if (!Number.isSafeInteger(length) || length <= 0) throw new UsageError(`${what}: cannot map ${length} bytes`);
    // Who reads behind the end of a file, which others can shorten at any time, gets SIGBUS.
    if (fstatSync(fd).isFile()) {
      throw new UsageError(`${what}: fd ${fd} is a file; only the memory of maps and perf events can be mapped`);
    }
    const place = address === 0 ? reservePlace(length) : undefined;
    const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    const fixed = place !== undefined ? MAP_FIXED : address === 0 ? 0 : MAP_FIXED_NOREPLACE;
    const result = syscall("mmap", place?.address ?? address, length, protection, MAP_SHARED | fixed, fd, offset);
    if (result < 0) throw fail("mmap", -result, { subject: what });
    this.what = what;
    this.address = result;
    this.length = length;
    this.writable = writable;
    this.#range = { address: result, length };
    this.#buffer = place?.buffer ?? viewMemory(result, length);
    if (place === undefined) mapped.register(this.#buffer, this.#range);
  }

  /**
   * The memory, from byte 0 to `length`. The buffer may be longer: the rest is private. After `close()` this throws
   * ClosedError, and a view that was taken before shows private zeros.
   */
  get buffer(): ArrayBuffer {
    if (this.#buffer === undefined) throw new ClosedError(this.what);
    return this.#buffer;
  }

  get closed(): boolean {
    return this.#buffer === undefined;
  }

  /**
   * Lets the kernel's object go. A view that somebody still has would crash the process if the pages went away, so
   * private pages take their place; they are unmapped when the last view is collected.
   */
  close(): void {
    if (this.#buffer === undefined) return;
    this.#buffer = undefined;
    const errno = dropPages(this.#range);
    if (errno !== 0) throw fail("mmap", errno, { subject: this.what });
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
const MAP_FIXED_NOREPLACE = 0x100000;

/** Maps an fd's memory: a map's values, a ring, a perf buffer. `what` names it in errors. */
export function mapMemory(fd: number, options: MapMemoryOptions, what = "the mapping"): MappedMemory {
  return new MappedMemory(fd, options, what);
}
