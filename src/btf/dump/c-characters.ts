import type { ByteSink } from "./byte-sink.ts";

const TAB = 9;
const NEW_LINE = 10;
export const SPACE = 32;
export const OPENING_PARENTHESIS = 40;
export const CLOSING_PARENTHESIS = 41;
export const COMMA = 44;
export const SEMICOLON = 59;
export const OPENING_BRACKET = 91;
export const CLOSING_BRACKET = 93;
export const CLOSING_BRACE = 125;

/** libbpf's limit on tabs at the start of a line. */
const DEEPEST_INDENTATION = 13;

/** Begins a line with `level` tabs. */
export function newLine(out: ByteSink, level: number): void {
  out.byte(NEW_LINE);
  for (let i = 0; i < Math.min(level, DEEPEST_INDENTATION); i++) out.byte(TAB);
}
