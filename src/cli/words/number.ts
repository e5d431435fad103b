import { CommandError } from "../failure/command-error.ts";

const MAX_U32 = 0xffffffff;

/**
 * A 32-bit number in decimal, hexadecimal (`0x…`) or octal (`0…`), as C's strtoul reads it with base 0; but nothing
 * before or behind it, and nothing that wraps round.
 */
export function parseU32(text: string, what: string): number {
  let value = Number.NaN;
  if (/^0[0-7]+$/.test(text)) value = Number.parseInt(text, 8);
  else if (/^(0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)$/.test(text)) value = Number(text);
  // In bpftool's words, without quotes; but the empty word would not be seen without them.
  if (Number.isNaN(value)) throw new CommandError(`can't parse ${text === "" ? "''" : text} as ${what}`);
  if (value > MAX_U32) throw new CommandError(`can't parse '${text}' as ${what}: it is above ${MAX_U32}`);
  return value;
}
