import { i32, struct, u32, u64 } from "../../layout/index.ts";
import type { LoaderPlan } from "./plan.ts";

// libbpf's structs for the context of a loader program (skel_internal.h). A light skeleton begins with them.

const BpfLoaderContext = struct({ sz: u32, flags: u32, log_level: u32, log_size: u32, log_buf: u64 });
const BpfMapDescription = struct({ map_fd: i32, max_entries: u32, initial_value: u64 });

/** The offsets of the fields of the context's start. */
export const CONTEXT = BpfLoaderContext.offsets;

const FD = 4;
/** How many fds libbpf's loader program has room for: of programs (on its stack), of maps, and of the BTF of modules. */
const PROGRAMS = 32;
const MAPS = 64;
const MODULES = 256;

/** Where a loader program keeps its fds and its input. Offsets in the stack count from its end, so they are negative. */
export class LoaderLayout {
  readonly #maps: number;
  readonly #mapSlots: number;
  readonly #programs: number;
  /** The number of fds on the stack. */
  readonly stackSlots: number;

  constructor({ maps, programs, programSlots }: LoaderPlan) {
    this.#maps = maps.length;
    this.#mapSlots = Math.max(MAPS, maps.length);
    this.#programs = programSlots;
    this.stackSlots = 2 + Math.max(PROGRAMS, programs.length);
  }

  get stackSize(): number {
    return this.stackSlots * FD;
  }

  /** The offset in the stack of the fd of the object's BTF. */
  get btf(): number {
    return -this.stackSize;
  }

  /** The offset in the stack of the fd of an inner map. */
  get innerMap(): number {
    return FD - this.stackSize;
  }

  /** The offset in the stack of the fd of a loaded program. */
  program(number: number): number {
    return (2 + number) * FD - this.stackSize;
  }

  /** The size in bytes of the array of fds in the data. It has the fds of maps, then those of modules' BTF. */
  get fdArraySize(): number {
    return (this.#mapSlots + MODULES) * FD;
  }

  /** The offset in the data of a map's fd. The array of fds is at the start of the data. */
  map(index: number): number {
    return index * FD;
  }

  /** Returns the index of a module's BTF in the array of fds; undefined if the array is full. */
  module(number: number): number | undefined {
    return number < MODULES ? this.#mapSlots + number : undefined;
  }

  /** The offsets in the context of a map's fd, of its max_entries and of its initial value. */
  mapInContext(index: number): { readonly fd: number; readonly maxEntries: number; readonly initialValue: number } {
    const at = BpfLoaderContext.size + index * BpfMapDescription.size;
    const { map_fd, max_entries, initial_value } = BpfMapDescription.offsets;
    return { fd: at + map_fd, maxEntries: at + max_entries, initialValue: at + initial_value };
  }

  programInContext(index: number): number {
    return this.mapInContext(this.#maps).fd + index * FD;
  }

  /** The offset in the context of the number of the last step. No skeleton has this number. */
  get step(): number {
    return this.programInContext(this.#programs);
  }

  get contextSize(): number {
    return this.step + FD;
  }
}
