import type { SourceLine } from "../asm/index.ts";
import { type Btf, formatSignature } from "../btf/index.ts";
import { permittedBtf, typesWarning } from "../kernel/index.ts";
import { formatHex } from "../layout/index.ts";
import { kernelAtLeast, type ProgInfo, progInfo } from "../sys/index.ts";
import { BPF_OBJ_NAME_LEN } from "../uapi/index.ts";

// struct bpf_func_info { __u32 insn_off, type_id; }, struct bpf_line_info { __u32 insn_off, file_name_off, line_off,
// line_col; }. The records of a newer kernel may be longer.
const MIN_RECORD = 8;

const warnOnce = typesWarning();

/**
 * Returns the BTF with this id. A listing of a program takes names, prototypes and source lines from it. Without
 * CAP_SYS_ADMIN, returns undefined and warns once that the listing lacks them.
 */
export function btfForListing(id: number): Btf | undefined {
  return permittedBtf(id, () =>
    warnOnce(
      "the BTF of a program cannot be read, so prototypes and source lines are left out: opening BTF by its id needs CAP_SYS_ADMIN",
    ),
  );
}

/** Splits the bytes of func_info or line_info into records of `size` bytes each. */
export function infoRecords(bytes: Uint8Array | undefined, size: number): DataView[] {
  if (bytes === undefined || size < MIN_RECORD) return [];
  return Array.from(
    { length: Math.floor(bytes.length / size) },
    (_, i) => new DataView(bytes.buffer, bytes.byteOffset + i * size, size),
  );
}

/** Returns the name of the function in a record of func_info; undefined if the BTF does not have this function. */
export function functionName(btf: Btf, record: DataView): string | undefined {
  const id = record.getUint32(4, true);
  const type = id < btf.endId ? btf.type(id) : undefined;
  return type?.kind === "func" ? type.name : undefined;
}

/** A function of a program. `slot` is the instruction slot at which it begins. */
export interface ProgramFunction {
  readonly slot: number;
  readonly name: string | undefined;
  /** The C prototype of the function. */
  readonly proto: string | undefined;
}

/** Returns the functions of a program in the order of their slots; none if the program has no BTF. */
export function programFunctions({ func_info, func_info_rec_size }: ProgInfo, btf: Btf | undefined): ProgramFunction[] {
  if (btf === undefined) return [];
  return infoRecords(func_info, func_info_rec_size).map((record) => ({
    slot: record.getUint32(0, true),
    name: functionName(btf, record),
    proto: formatSignature(btf, record.getUint32(4, true)),
  }));
}

/** Returns the source lines of a program in the order of their slots; none if the program has no BTF. */
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

/**
 * Returns the full name of a program. A name of 15 characters from the kernel may be truncated. In this case, this
 * function returns the name of the program's main function in BTF. `btf` finds BTF by its id; a caller can pass a
 * function with a cache.
 */
export function fullProgramName(
  info: Pick<ProgInfo, "name" | "btf_id" | "nr_func_info">,
  fd: number,
  btf: (id: number) => Btf | undefined = btfForListing,
): string {
  if (info.name.length < BPF_OBJ_NAME_LEN - 1) return info.name;
  return mainFunctionName(info, fd, btf) ?? info.name;
}

/** Returns the name of a program's main function in BTF; undefined if the program has no BTF. */
export function mainFunctionName(
  info: Pick<ProgInfo, "btf_id" | "nr_func_info">,
  fd: number,
  btf: (id: number) => Btf | undefined = btfForListing,
): string | undefined {
  if (info.btf_id === 0 || info.nr_func_info === 0) return undefined;
  const { func_info, func_info_rec_size } = progInfo(fd, { func_info: true });
  const [first] = infoRecords(func_info, func_info_rec_size);
  const types = first === undefined ? undefined : btf(info.btf_id);
  return types && first && functionName(types, first);
}

/** The kernel's KSYM_NAME_LEN, which counts the NUL. Before Linux 6.1 it is 128. */
const MAX_SYMBOL = 512;
const MAX_OLD_SYMBOL = 128;
/** The name that the kernel gives to a subprogram without BTF (jit_subprogs in kernel/bpf/verifier.c). */
const NAMELESS = "F";

/**
 * Returns the kernel symbols of a program's functions. Builds their names by the rules of bpf_prog_ksym_set_name() in
 * kernel/bpf/core.c instead of reading /proc/kallsyms. That file shows the symbols only if net.core.bpf_jit_kallsyms
 * allows it, and the time to read it is quadratic in the number of loaded programs. `info` must include `progTags` and
 * `funcInfo`.
 */
export function functionSymbols(info: ProgInfo, btf: Btf | undefined): string[] {
  const functions = programFunctions(info, btf);
  const limit = (kernelAtLeast(6, 1) ? MAX_SYMBOL : MAX_OLD_SYMBOL) - 1;
  // If a program has several functions, jit_subprogs makes a copy of the first one. On 5.10, the symbol of the first
  // function is made from this copy: it has the tag of the copied instructions, and not the program's name. Newer
  // kernels use the program's tag and name.
  const isCopy = info.nr_jited_ksyms > 1 && !kernelAtLeast(5, 15);
  return Array.from({ length: Math.max(1, info.nr_jited_ksyms) }, (_, i) => {
    const isProgram = i === 0 && !isCopy;
    const tag = formatHex((isProgram ? undefined : info.prog_tags?.[i]) ?? info.tag);
    const name = functions[i]?.name ?? (isProgram ? info.name : NAMELESS);
    return `bpf_prog_${tag}${name === "" ? "" : `_${name}`}`.slice(0, limit);
  });
}
