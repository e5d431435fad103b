import { ClosedError, UsageError } from "../errors/index.ts";
import { syscall, viewMemory } from "./ffi.ts";
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

/** The mapping's memory is given back when nobody can see it any more, so never under a view. */
const mapped = new FinalizationRegistry<{ address: number; length: number }>(({ address, length }) => {
  syscall("munmap", address, length);
});

/** Memory shared with the kernel. */
export class MappedMemory {
  readonly what: string;
  readonly address: number;
  readonly length: number;
  readonly writable: boolean;
  #buffer: ArrayBuffer | undefined;

  constructor(fd: number, options: MapMemoryOptions, what: string) {
    const { length, offset = 0, writable = false, address = 0 } = options;
    if (!Number.isSafeInteger(length) || length <= 0) throw new UsageError(`${what}: cannot map ${length} bytes`);
    const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    const flags = address === 0 ? MAP_SHARED : MAP_SHARED | MAP_FIXED_NOREPLACE;
    const result = syscall("mmap", address, length, protection, flags, fd, offset);
    if (result < 0) throw fail("mmap", -result, { subject: what });
    this.what = what;
    this.address = result;
    this.length = length;
    this.writable = writable;
    this.#buffer = viewMemory(result, length);
    mapped.register(this.#buffer, { address: result, length });
  }

  /** The memory. After `close()` a ClosedError; a view taken before then shows what private zeros hold. */
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
    const flags = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    const result = syscall("mmap", this.address, this.length, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (result < 0) throw fail("mmap", -result, { subject: this.what });
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
