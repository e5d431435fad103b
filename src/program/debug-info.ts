import type { SourceLine } from "../asm/index.ts";
import { type Btf, formatSignature } from "../btf/index.ts";
import type { ProgInfo } from "../sys/index.ts";

// struct bpf_func_info { __u32 insn_off, type_id; }, struct bpf_line_info { __u32 insn_off, file_name_off, line_off,
// line_col; }. The records of a newer kernel may be longer.
const MIN_RECORD = 8;

/** The records of func_info or line_info, each `size` bytes long. */
export function infoRecords(bytes: Uint8Array | undefined, size: number): DataView[] {
  if (bytes === undefined || size < MIN_RECORD) return [];
  return Array.from(
    { length: Math.floor(bytes.length / size) },
    (_, i) => new DataView(bytes.buffer, bytes.byteOffset + i * size, size),
  );
}

/** The name of a record's function; undefined if the BTF does not have it. */
export function functionName(btf: Btf, record: DataView): string | undefined {
  const id = record.getUint32(4, true);
  const type = id < btf.endId ? btf.type(id) : undefined;
  return type?.kind === "func" ? type.name : undefined;
}

/** A function of a program, at its first slot. */
export interface ProgramFunction {
  readonly slot: number;
  readonly name: string | undefined;
  /** Its C prototype. */
  readonly proto: string | undefined;
}

/** The functions of a program in the order of their slots; none if the program has no BTF. */
export function programFunctions({ func_info, func_info_rec_size }: ProgInfo, btf: Btf | undefined): ProgramFunction[] {
  if (btf === undefined) return [];
  return infoRecords(func_info, func_info_rec_size).map((record) => ({
    slot: record.getUint32(0, true),
    name: functionName(btf, record),
    proto: formatSignature(btf, record.getUint32(4, true)),
  }));
}

/** The source lines of a program in the order of their slots; none if the program has no BTF. */
export function programLines({ line_info, line_info_rec_size }: ProgInfo, btf: Btf | undefined): SourceLine[] {
  if (btf === undefined) return [];
  return infoRecords(line_info, line_info_rec_size).map((record) => {
    const place = record.getUint32(12, true);
    return {
      slot: record.getUint32(0, true),
      file: btf.string(record.getUint32(4, true)),
      source: btf.string(record.getUint32(8, true)),
      line: place >>> 10,
      column: place & 0x3ff,
    };
  });
}
