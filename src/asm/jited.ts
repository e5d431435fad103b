import { formatHex, hexByte } from "../layout/index.ts";
import { lineFinder } from "./line-finder.ts";
import type { ListingOptions } from "./xlated.ts";

/** One machine instruction as text. */
export interface MachineInstruction {
  /** The instruction's offset in the code, in bytes. */
  readonly at: number;
  /** The instruction's size in bytes. */
  readonly length: number;
  /** The text as LLVM prints it: the mnemonic, a tab and the operands. */
  readonly text: string;
}

/** Disassembles machine code. `address` is the address of its first byte. */
export type Disassembler = (code: Uint8Array, address: bigint) => Iterable<MachineInstruction>;

/** The text for a byte at which no valid instruction begins. */
export const BAD_CODE = "(bad)";

/** A source line of machine code. */
export interface JitedLine {
  /** The offset of the line's code from the function's start, in bytes. */
  readonly at: number;
  readonly source: string | undefined;
  readonly file: string | undefined;
  readonly line: number;
  readonly column: number;
}

/** A function of a program as machine code. */
export interface JitedFunction {
  /** The function's name as in /proc/kallsyms, for instance `bpf_prog_8fffd7b2ac210c46_count`. */
  readonly name: string;
  /** The function's C prototype; undefined if there is no BTF. */
  readonly proto: string | undefined;
  /** The function's address; 0n if the kernel hides addresses. */
  readonly address: bigint;
  readonly code: Uint8Array;
  /** The source lines, in ascending order of `at`. */
  readonly lines: readonly JitedLine[];
}

/** One instruction of a listing of machine code, with the source line that is shown above it. */
export interface JitedRecord extends MachineInstruction {
  /** Set on the first instruction of a source line. The line's text has no leading white space. */
  readonly line: JitedLine | undefined;
  readonly bytes: Uint8Array;
}

/** Disassembles a function. */
export function* jitedRecords(fn: JitedFunction, disassemble: Disassembler): Generator<JitedRecord> {
  const { code, address, lines } = fn;
  const findLine = lineFinder(lines.map(({ at }) => at));
  for (const { at, length, text } of disassemble(code, address)) {
    const found = findLine(at);
    const line = found === undefined ? undefined : lines[found];
    yield {
      at,
      length,
      text,
      line: line && { ...line, source: line.source?.replace(/^[ \t\n\v\f\r]+/, "") },
      bytes: code.subarray(at, at + length),
    };
  }
}

/** Formats a record as lines of `bpftool prog dump jited`, without newlines. */
export function jitedLines({ line, at, text, bytes }: JitedRecord, options: ListingOptions = {}): string[] {
  const lines: string[] = [];
  if (line?.source !== undefined) {
    const place = options.linum ? ` [file:${line.file ?? ""} line_num:${line.line} line_col:${line.column}]` : "";
    lines.push(`; ${line.source}${place}`);
  }
  lines.push(`${at.toString(16).padStart(4)}:\t${text}`);
  if (options.opcodes) lines.push(`\t${formatHex(bytes, " ")} `);
  return lines;
}

/** A record as an object of `bpftool -j prog dump jited`, with the keys in the same order. */
export interface JitedJson {
  src?: string;
  file?: string;
  line_num?: number;
  line_col?: number;
  pc: string;
  operation: string;
  /** The operands, split at commas, spaces and parentheses; a single null if there are none. */
  operands: string[] | [null];
  opcodes?: string[];
}

/** Builds {@link JitedJson}; line and column are left out where they are 0. */
export function jitedJson({ line, at, text, bytes }: JitedRecord, options: ListingOptions = {}): JitedJson {
  const [operation = "", ...operands] = text.split(/[ \t,()]+/).filter((piece) => piece !== "");
  const place = options.linum === true ? line : undefined;
  return {
    ...(line?.source !== undefined && { src: line.source }),
    ...(place?.file !== undefined && { file: place.file }),
    ...(place !== undefined && place.line !== 0 && { line_num: place.line }),
    ...(place !== undefined && place.column !== 0 && { line_col: place.column }),
    pc: `0x${at.toString(16)}`,
    operation,
    operands: operands.length === 0 ? [null] : operands,
    ...(options.opcodes && { opcodes: Array.from(bytes, (byte) => `0x${hexByte(byte)}`) }),
  };
}
