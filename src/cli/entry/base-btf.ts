import { closeSync, openSync, readSync } from "node:fs";
import { CommandError } from "../failure/command-error.ts";
import { failedTo } from "../failure/reason.ts";

const MAGICS: readonly (readonly number[])[] = [
  [0x9f, 0xeb],
  [0xeb, 0x9f],
  [0x7f, 0x45, 0x4c, 0x46],
];

/**
 * Throws unless the file of the option `-B` begins like BTF or like an ELF file. bpftool reads this file for every
 * command. This function reads only the first bytes; a command that uses the file reads the whole file.
 */
export function checkBaseBtf(path: string): void {
  const start = firstBytes(path);
  if (MAGICS.some((magic) => magic.every((byte, i) => start[i] === byte))) return;
  throw new CommandError(`failed to parse base BTF at '${path}': it is neither BTF nor an ELF file`);
}

function firstBytes(path: string): Uint8Array {
  const bytes = new Uint8Array(4);
  try {
    const fd = openSync(path, "r");
    try {
      return bytes.subarray(0, readSync(fd, bytes));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw failedTo(`failed to parse base BTF at '${path}'`, error);
  }
}
