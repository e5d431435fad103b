import { closeSync, fstatSync, openSync } from "node:fs";
import { syscall, viewMemory } from "./ffi.ts";

const PROT_READ = 1;
const MAP_PRIVATE = 2;

/** Unmaps a file when its buffer is garbage-collected. */
const mapped = new FinalizationRegistry<{ address: number; size: number }>(({ address, size }) => {
  syscall("munmap", address, size);
});

/**
 * Maps a file for reading and returns its bytes; undefined if the file cannot be mapped. The mapping lasts as long as
 * something refers to the bytes. Use this function for /sys/kernel/btf/vmlinux, which can be mapped since 6.16. Never
 * write to the bytes.
 */
export function mapPrivately(path: string): Uint8Array | undefined {
  const fd = openSync(path, "r");
  try {
    const { size } = fstatSync(fd);
    if (size === 0) return undefined;
    const address = syscall("mmap", 0, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (address < 0) return undefined;
    const buffer = viewMemory(address, size);
    mapped.register(buffer, { address, size });
    return new Uint8Array(buffer);
  } finally {
    closeSync(fd);
  }
}
