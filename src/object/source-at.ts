import type { Btf } from "../btf/index.ts";
import type { ProgramSpec } from "./spec.ts";

/** The position in the source from which an instruction was compiled. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The text of the source line, without white space at both ends. */
  readonly source: string;
}

/**
 * Returns the position in the source from which an instruction was compiled; undefined if the object has no line
 * information for it.
 */
export function sourceAt({ lines }: ProgramSpec, btf: Btf | undefined, slot: number): SourcePlace | undefined {
  const line = lines.findLast((one) => one.slot <= slot);
  if (line === undefined || btf === undefined) return undefined;
  return {
    file: btf.string(line.fileNameOffset),
    line: line.lineColumn >>> 10,
    column: line.lineColumn & 0x3ff,
    source: btf.string(line.lineOffset).trim(),
  };
}
