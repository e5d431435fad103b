import { readFileSync } from "node:fs";
import { formatHex } from "../layout/index.ts";

const NT_GNU_BUILD_ID = 3;
const HEADER_SIZE = 12;

/**
 * The hexadecimal hash of the running kernel's image that its linker put in (`readelf -n vmlinux` shows it); undefined
 * where it has none or /sys does not tell.
 */
export function kernelBuildId(): string | undefined {
  let notes: Uint8Array;
  try {
    notes = readFileSync("/sys/kernel/notes");
  } catch {
    return undefined;
  }
  return parseBuildId(notes);
}

/** The build id among ELF notes: each has the lengths of its name and of what it says, a type, the name, and that. */
export function parseBuildId(notes: Uint8Array): string | undefined {
  const view = new DataView(notes.buffer, notes.byteOffset, notes.byteLength);
  const padded = (size: number): number => (size + 3) & ~3;
  for (let at = 0; at + HEADER_SIZE <= notes.length; ) {
    const nameSize = view.getUint32(at, true);
    const size = view.getUint32(at + 4, true);
    const type = view.getUint32(at + 8, true);
    const name = at + HEADER_SIZE;
    const start = name + padded(nameSize);
    if (type === NT_GNU_BUILD_ID && isGnu(notes.subarray(name, name + nameSize))) {
      const id = notes.subarray(start, start + size);
      return id.length === size && size > 0 ? formatHex(id) : undefined;
    }
    if (nameSize > notes.length || size > notes.length) return undefined;
    at = start + padded(size);
  }
  return undefined;
}

function isGnu(name: Uint8Array): boolean {
  return name.length === 4 && name[0] === 0x47 && name[1] === 0x4e && name[2] === 0x55 && name[3] === 0;
}
