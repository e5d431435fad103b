import { BpfMapFlag, BpfMapType } from "../uapi/index.ts";
import type { BpfMap } from "./bpf-map.ts";
import type { MapMemory } from "./map-memory.ts";

const FIRST = new Uint8Array(4);

/**
 * The memory of a data section's map or of an arena's globals. Where it can be mapped (Linux 5.5) reads and writes
 * touch only their own bytes; elsewhere the map's only value is read and written whole.
 */
export class DataSection {
  readonly map: BpfMap;
  /** Where the section begins in the map's memory, in bytes. */
  readonly start: number;

  constructor(map: BpfMap, start = 0) {
    this.map = map;
    this.start = start;
  }

  /** The map's memory, mapped at the first call; undefined where it cannot be. Throws ClosedError once it is closed. */
  memory(): MapMemory | undefined {
    const { flags, type, fd } = this.map;
    const mappable = type === BpfMapType.BPF_MAP_TYPE_ARENA || (flags & BpfMapFlag.BPF_F_MMAPABLE) !== 0;
    return mappable && fd >= 0 ? this.map.memory() : undefined;
  }

  /** A copy of `size` bytes from `offset`, by a system call. */
  read(offset: number, size: number): Uint8Array<ArrayBuffer> {
    return (this.map.lookup(FIRST) as Uint8Array).slice(offset, offset + size) as Uint8Array<ArrayBuffer>;
  }

  /** Writes bytes by reading and writing the whole section. */
  write(offset: number, bytes: Uint8Array): void {
    const section = this.map.lookup(FIRST) as Uint8Array;
    section.set(bytes, offset);
    this.map.update(FIRST, section);
  }
}
