import { CommandError } from "../failure/command-error.ts";

const MAX_U32 = 0xffffffff;

/**
 * Reads a number as C's strtoul does with base 0: decimal, hexadecimal (`0x…`) or octal (`0…`). Returns undefined for
 * any other text: nothing may stand before or behind the digits.
 */
export function readNumber(text: string): number | undefined {
  if (/^0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  return /^(0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)$/.test(text) ? Number(text) : undefined;
}

/** Parses a 32-bit number. Unlike bpftool it refuses what does not fit, instead of wrapping round. */
export function parseU32(text: string, what: string): number {
  const value = readNumber(text);
  // bpftool prints the word without quotes. The empty word needs them to be seen.
  if (value === undefined) throw new CommandError(`can't parse ${text === "" ? "''" : text} as ${what}`);
  if (value > MAX_U32) throw new CommandError(`can't parse '${text}' as ${what}: it is above ${MAX_U32}`);
  return value;
}
