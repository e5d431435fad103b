import { readFileSync } from "node:fs";

const AT_PAGESZ = 6n;
let size: number | undefined;

/** Bytes of a page of memory, which the kernel tells every process at its start (getauxval(3)): 4,096 but on some arm64. */
export function pageSize(): number {
  size ??= readPageSize();
  return size;
}

function readPageSize(): number {
  const entries = readFileSync("/proc/self/auxv");
  for (let at = 0; at + 16 <= entries.length; at += 16) {
    if (entries.readBigUInt64LE(at) === AT_PAGESZ) return Number(entries.readBigUInt64LE(at + 8));
  }
  return 4096;
}
