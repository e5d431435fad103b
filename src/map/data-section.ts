import { BpfMapFlag, BpfMapType } from "../uapi/index.ts";
import type { BpfMap } from "./bpf-map.ts";
import type { MapMemory } from "./map-memory.ts";

const ONLY_KEY = new Uint8Array(4);

/**
 * The memory of a data section or of an arena's globals. If the map can be mapped (Linux 5.5), a read or write touches
 * only its own bytes. Otherwise the section is the map's only value, which is read and written whole.
 */
export class DataSection {
  readonly map: BpfMap;
  /** Where the section begins in the map's memory, in bytes. */
  readonly start: number;

  constructor(map: BpfMap, start = 0) {
    this.map = map;
    this.start = start;
  }

  /** Maps the map's memory at the first call. Returns undefined if it cannot be mapped. Throws ClosedError if closed. */
  memory(): MapMemory | undefined {
    const { flags, type, fd } = this.map;
    const mappable = type === BpfMapType.BPF_MAP_TYPE_ARENA || (flags & BpfMapFlag.BPF_F_MMAPABLE) !== 0;
    return mappable && fd >= 0 ? this.map.memory() : undefined;
  }

  /** Copies `size` bytes from `offset` by a system call. */
  read(offset: number, size: number): Uint8Array<ArrayBuffer> {
    return (this.map.lookup(ONLY_KEY) as Uint8Array).slice(offset, offset + size) as Uint8Array<ArrayBuffer>;
  }

  /** Writes bytes by reading and writing the whole section. */
  write(offset: number, bytes: Uint8Array): void {
    const section = this.map.lookup(ONLY_KEY) as Uint8Array;
    section.set(bytes, offset);
    this.map.update(ONLY_KEY, section);
  }
}
