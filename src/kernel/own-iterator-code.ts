import { type AssemblyItem, add, callHelper, ldx, mov, type Register, r1, r2, r3, r6, r10 } from "../asm/index.ts";

// The common parts of the programs of {@link OwnIterator}. All keep their context in r6.

// Each struct bpf_iter__* begins with a pointer to struct bpf_iter_meta, which begins with one to its seq_file.
const CONTEXT_META = 0;
const META_SEQ = 0;

/** Copies `size` bytes of kernel memory at `base + offset` to the stack; zeros if the address is invalid. */
export function readKernel(place: number, size: number, base: Register, offset: number): AssemblyItem[] {
  return [mov(r3, base), ...readKernelAt(place, size, offset)];
}

/** As {@link readKernel}, at `r3 + offset`. */
export function readKernelAt(place: number, size: number, offset: number): AssemblyItem[] {
  return [add(r3, offset), mov(r1, r10), add(r1, place), mov(r2, size), callHelper("bpf_probe_read_kernel")];
}

/** Writes the record on the stack to the reader of the iterator. */
export function writeRecord(place: number, size: number): AssemblyItem[] {
  return [
    ...[ldx("u64", r1, r6, CONTEXT_META), ldx("u64", r1, r1, META_SEQ)],
    ...[mov(r2, r10), add(r2, place), mov(r3, size), callHelper("bpf_seq_write")],
  ];
}
