import { formatHex, hexByte } from "../layout/index.ts";
import { LD_IMM64, SLOT_SIZE } from "../uapi/index.ts";
import { type Instruction, readInstruction, slotsOf } from "./codec.ts";
import { formatInstruction, type SymbolResolver } from "./format-instruction.ts";
import { lineFinder } from "./line-finder.ts";

/** The C prototype of a function, at its first slot. */
export interface FunctionProto {
  readonly slot: number;
  /** The prototype; empty or undefined if the BTF has none. */
  readonly proto: string | undefined;
}

/** A source line, at the first slot of its code. */
export interface SourceLine {
  readonly slot: number;
  /** The line's text; undefined if the BTF lacks the string. */
  readonly source: string | undefined;
  readonly file: string | undefined;
  readonly line: number;
  readonly column: number;
}

/** The input of a listing. */
export interface XlatedProgram {
  /** Encoded instructions, as the kernel returned them. */
  readonly instructions: Uint8Array;
  /** Byte order of {@link instructions}; default little endian. */
  readonly little?: boolean;
  /** The prototypes, in ascending order of slots, as in func_info. */
  readonly functions?: readonly FunctionProto[];
  /** The source lines, in ascending order of slots, as in line_info. */
  readonly lines?: readonly SourceLine[];
}

/** One instruction of a listing, with the lines that are shown above it. */
export interface XlatedRecord {
  /** The prototype. Set on the first instruction of a function, if it has one. */
  readonly proto: string | undefined;
  /** Set on the first instruction of a source line. The line's text has no leading white space. */
  readonly line: SourceLine | undefined;
  readonly slot: number;
  /** The instruction's text, for instance `(b7) r0 = 0`. */
  readonly text: string;
  readonly instruction: Instruction;
  /** The encoded instruction: 8 bytes, 16 for ld_imm64. */
  readonly bytes: Uint8Array;
}

/** Which optional parts of a listing are shown, as in `prog dump xlated … opcodes linum`. */
export interface ListingOptions {
  readonly opcodes?: boolean;
  readonly linum?: boolean;
}

/** Decodes a program one instruction at a time. Throws a FormatError if the bytes end inside an instruction. */
export function* xlatedRecords(program: XlatedProgram, names: SymbolResolver = {}): Generator<XlatedRecord> {
  const { instructions, little = true, functions = [], lines = [] } = program;
  const view = new DataView(instructions.buffer, instructions.byteOffset, instructions.byteLength);
  const findLine = lineFinder(lines.map((line) => line.slot));
  let nextFunction = 0;
  for (let slot = 0; slot * SLOT_SIZE < instructions.length; ) {
    const at = slot * SLOT_SIZE;
    const instruction = readInstruction(view, at, little, "xlated instructions");
    const starts = functions[nextFunction]?.slot === slot;
    const proto = starts ? functions[nextFunction++]?.proto : undefined;
    const found = findLine(slot);
    const line = found === undefined ? undefined : lines[found];
    const slots = slotsOf(instruction.op);
    yield {
      proto: proto === "" ? undefined : proto,
      line: line && { ...line, source: line.source?.replace(/^[ \t\n\v\f\r]+/, "") },
      slot,
      text: formatInstruction(instruction, names, slot),
      instruction,
      bytes: instructions.subarray(at, at + slots * SLOT_SIZE),
    };
    slot += slots;
  }
}

/** Formats a record as lines of `bpftool prog dump xlated`, without newlines. */
export function xlatedLines(record: XlatedRecord, options: ListingOptions = {}): string[] {
  const { proto, line, slot, text, bytes } = record;
  const lines: string[] = [];
  if (proto !== undefined) lines.push(`${proto}:`);
  if (line?.source !== undefined) {
    const place = options.linum ? ` [file:${line.file ?? ""} line_num:${line.line} line_col:${line.column}]` : "";
    lines.push(`; ${line.source}${place}`);
  }
  lines.push(`${String(slot).padStart(4)}: ${text}`);
  if (options.opcodes) lines.push(`       ${formatHex(bytes, " ")}`);
  return lines;
}

/** A record as an object of `bpftool -j prog dump xlated`, with the keys in the same order. */
export interface XlatedJson {
  proto?: string;
  src?: string;
  file?: string;
  line_num?: number;
  line_col?: number;
  disasm: string;
  opcodes?: { code: string; src_reg: string; dst_reg: string; off: string[]; imm: string[] };
}

/** Builds {@link XlatedJson}; line and column are left out where they are 0. */
export function xlatedJson(record: XlatedRecord, options: ListingOptions = {}): XlatedJson {
  const { proto, line, text, instruction, bytes } = record;
  return {
    ...(proto !== undefined && { proto }),
    ...(line?.source !== undefined && { src: line.source }),
    ...(options.linum && line && lineJson(line)),
    disasm: text,
    ...(options.opcodes && { opcodes: opcodesJson(instruction, bytes) }),
  };
}

function lineJson({ file, line, column }: SourceLine): Pick<XlatedJson, "file" | "line_num" | "line_col"> {
  return {
    ...(file !== undefined && { file }),
    ...(line !== 0 && { line_num: line }),
    ...(column !== 0 && { line_col: column }),
  };
}

/** Formats the encoded fields. For ld_imm64 bpftool's `imm` is all bytes after the offset, the second slot included. */
function opcodesJson({ op, src, dst }: Instruction, bytes: Uint8Array): NonNullable<XlatedJson["opcodes"]> {
  const hex = (from: number, to: number): string[] =>
    Array.from(bytes.subarray(from, to), (byte) => `0x${hexByte(byte)}`);
  return {
    code: `0x${hexByte(op)}`,
    src_reg: `0x${src.toString(16)}`,
    dst_reg: `0x${dst.toString(16)}`,
    off: hex(2, 4),
    imm: hex(4, op === LD_IMM64 ? 16 : 8),
  };
}
