import { SyscallError } from "../errors/index.ts";
import { type MappedMemory, mapMemory } from "../sys/index.ts";
import { BpfMapFlag } from "../uapi/index.ts";
import type { BpfMap } from "./map/map.ts";

const FIRST = new Uint8Array(4);

/**
 * The memory of a data section's map or of an arena's globals. It is mapped when first used (Linux 5.5), so that reads
 * and writes touch only their own bytes; where it cannot be mapped, the map's only value is read and written whole.
 */
export class DataSection {
  readonly #map: BpfMap;
  readonly #writable: boolean;
  /** Bytes of the mapping, and where the section begins in it. */
  readonly #length: number;
  readonly #start: number;
  readonly #address: number | undefined;
  #memory: MappedMemory | undefined;

  constructor(map: BpfMap, place: { writable: boolean; length: number; start?: number; address?: number | undefined }) {
    this.#map = map;
    this.#writable = place.writable;
    this.#length = place.length;
    this.#start = place.start ?? 0;
    this.#address = place.address;
  }

  /** A copy of `size` bytes from `offset`. */
  read(offset: number, size: number): Uint8Array<ArrayBuffer> {
    const memory = this.#open();
    if (memory === undefined)
      return (this.#map.lookup(FIRST) as Uint8Array).slice(offset, offset + size) as Uint8Array<ArrayBuffer>;
    return new Uint8Array(memory.buffer, this.#start + offset, size).slice();
  }

  write(offset: number, bytes: Uint8Array): void {
    const memory = this.#open();
    if (memory !== undefined) {
      new Uint8Array(memory.buffer, this.#start + offset, bytes.length).set(bytes);
      return;
    }
    const section = this.#map.lookup(FIRST) as Uint8Array;
    section.set(bytes, offset);
    this.#map.update(FIRST, section);
  }

  close(): void {
    this.#memory?.close();
  }

  #open(): MappedMemory | undefined {
    if (this.#memory !== undefined) return this.#memory;
    const { fd } = this.#map;
    if ((this.#map.info().map_flags & BpfMapFlag.BPF_F_MMAPABLE) === 0) return undefined;
    const place = { length: this.#length, writable: this.#writable, address: this.#address };
    try {
      this.#memory = mapMemory(fd, place, this.#map.what);
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
    }
    return this.#memory;
  }
}
