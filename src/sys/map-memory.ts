import { fstatSync } from "node:fs";
import { ClosedError, Errno, UsageError } from "../errors/index.ts";
import { checkI32, checkU64 } from "../layout/index.ts";
import { reserveMemory } from "./engine-memory.ts";
import { syscall, viewMemory } from "./ffi.ts";
import { fail, withNodeError } from "./permission.ts";

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_FIXED = 0x10;
const MAP_FIXED_NOREPLACE = 0x100000;
const MAP_ANONYMOUS = 0x20;
const MAP_NORESERVE = 0x4000;
const FOUR_GIB = 0x1_0000_0000;

/** Options for mapping memory. */
export interface MapMemoryOptions {
  /** The length in bytes. The kernel rounds it up to whole pages. */
  readonly length: number;
  /** The offset in the fd's memory, in bytes. It must be a multiple of the page size. */
  readonly offset?: number | undefined;
  /** Makes the mapping writable. Never write to a mapping that is not writable: the process would crash. */
  readonly writable?: boolean | undefined;
  /** The address at which a BPF arena must be mapped; 0 for any address. */
  readonly address?: number | undefined;
  /**
   * True for a BPF arena. The memory of an arena must not cross a multiple of 4 GiB, so the kernel chooses the address.
   */
  readonly isArena?: boolean | undefined;
}

interface Range {
  readonly address: number;
  readonly length: number;
  /** True if the caller chose the address. The range can then be reused only for a mapping that needs this address. */
  readonly isFixed?: boolean;
}

/**
 * The address ranges of closed mappings, by address. The ranges stay mapped, because `buffer.transfer()` may have moved
 * the memory into another buffer that is still in use. The next writable mapping reuses such a range. Ranges that
 * belong to the JavaScript engine are not in this map.
 */
const closedPlaces = new Map<number, Range>();

const uncollected = new FinalizationRegistry<Range>((range) => closedPlaces.set(range.address, range));

/**
 * Takes the range of a closed mapping to reuse it. Unless `address` is 0, the range must begin there. Returns undefined
 * if no range fits.
 */
function takeClosedPlace({ address = 0, length, isArena = false }: MapMemoryOptions): Range | undefined {
  for (const place of closedPlaces.values()) {
    if (place.length < length || (address === 0 ? place.isFixed : address !== place.address)) continue;
    if (isArena && crosses4GiB(place.address, length)) continue;
    closedPlaces.delete(place.address);
    return place;
  }
  return undefined;
}

function crosses4GiB(start: number, length: number): boolean {
  return Math.floor(start / FOUR_GIB) !== Math.floor((start + length - 1) / FOUR_GIB);
}

/**
 * Replaces the pages of a mapping by private pages, so that its views stay readable and writable. Returns the errno, or
 * 0.
 */
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
    const { length, offset = 0, writable = false, address = 0, isArena = false } = options;
    if (!Number.isSafeInteger(length) || length <= 0) throw new UsageError(`${what}: cannot map ${length} bytes`);
    checkU64(offset, "offset");
    // Reading past the end of a mapped file ends the process (SIGBUS), and other processes can shorten a file at any
    // time.
    const stat = withNodeError(what, () => fstatSync(checkI32(fd, "fd")));
    if (stat.isFile() || stat.isBlockDevice()) {
      throw new UsageError(`${what}: fd ${fd} is a file; only the memory of maps and perf events can be mapped`);
    }
    const reserved = address === 0 && !isArena ? reserveMemory(length) : undefined;
    const closed = reserved === undefined && writable ? takeClosedPlace(options) : undefined;
    const place = reserved?.address ?? closed?.address ?? address;
    const fixed = place === 0 ? 0 : reserved === undefined && closed === undefined ? MAP_FIXED_NOREPLACE : MAP_FIXED;
    const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    const result = syscall("mmap", place, length, protection, MAP_SHARED | fixed, fd, offset);
    if (result < 0) {
      // The kernel may have unmapped the pages of this range before it refused the mapping. Map private pages there, so
      // that no other mapping can take the range.
      if (fixed === MAP_FIXED) dropPages({ address: place, length });
      if (closed !== undefined) closedPlaces.set(closed.address, closed);
      if (result === -Errno.EEXIST) {
        throw new UsageError(
          `${what} must be mapped at address 0x${address.toString(16)}, where this process has mapped something else; close the other map with this address first`,
        );
      }
      throw fail("mmap", -result, { subject: what });
    }
    this.what = what;
    this.address = result;
    this.length = length;
    this.writable = writable;
    this.#range = { address: result, length: closed?.length ?? length, isFixed: address !== 0 };
    this.#buffer = reserved?.buffer ?? viewMemory(result, length);
    if (reserved === undefined && address === 0) uncollected.register(this.#buffer, this.#range);
  }

  /**
   * A buffer whose bytes 0 to `length` are the mapped memory. The buffer may be longer; the rest is private memory.
   * After `close()` this property throws ClosedError, and older views show zeros.
   */
  get buffer(): ArrayBuffer {
    if (this.#buffer === undefined) throw new ClosedError(this.what);
    return this.#buffer;
  }

  get closed(): boolean {
    return this.#buffer === undefined;
  }

  /**
   * Drops the mapping of the map. Private pages take its place, so that the process does not crash when it uses an older
   * view. Exception: the next arena may be mapped at the address of this one, and then older views show the new arena.
   */
  close(): void {
    if (this.#buffer === undefined) return;
    this.#buffer = undefined;
    const errno = dropPages(this.#range);
    if (errno !== 0) throw fail("mmap", errno, { subject: this.what });
    if (this.#range.isFixed) closedPlaces.set(this.#range.address, this.#range);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Maps the memory of an fd: a map's values, a ring, or a perf buffer. Error messages call the mapping `what`. */
export function mapMemory(fd: number, options: MapMemoryOptions, what = "the mapping"): MappedMemory {
  return new MappedMemory(fd, options, what);
}
