import { closeSync, fstatSync, openSync } from "node:fs";
import { syscall, viewMemory } from "./ffi.ts";

const PROT_READ = 1;
const MAP_PRIVATE = 2;

/**
 * The bytes of a file, mapped for reading for as long as the process lives; undefined where it cannot be mapped.
 * For /sys/kernel/btf/vmlinux, which the kernel lets map privately since 6.16. Never write to the bytes.
 */
export function mapPrivately(path: string): Uint8Array | undefined {
  const fd = openSync(path, "r");
  try {
    const { size } = fstatSync(fd);
    if (size === 0) return undefined;
    const address = syscall("mmap", 0, size, PROT_READ, MAP_PRIVATE, fd, 0);
    return address < 0 ? undefined : new Uint8Array(viewMemory(address, size));
  } finally {
    closeSync(fd);
  }
}
