import { type JitedFunction, type JitedLine, jitedLineRanges } from "../asm/index.ts";
import type { Btf } from "../btf/index.ts";
import { type ProgInfo, progInfo } from "../sys/index.ts";
import { btfForListing, functionSymbols, programFunctions, programLines } from "./debug-info.ts";

/** The machine code of a loaded program. */
export interface JitedProgram {
  readonly info: ProgInfo;
  /** The machine code of all functions, as the kernel returned it. */
  readonly code: Uint8Array;
  /** The functions: first the program's own, then its subprograms. */
  readonly functions: readonly JitedFunction[];
}

/**
 * Returns the machine code of a loaded program, function by function, with prototypes, source lines and names (4.18).
 * Returns undefined if the program is interpreted, or if the kernel hides the machine code (kernel.kptr_restrict,
 * missing capabilities).
 */
export function jitedProgram(
  fd: number,
  btf: (id: number) => Btf | undefined = btfForListing,
): JitedProgram | undefined {
  const info = progInfo(fd, {
    jited_prog_insns: true,
    jited_ksyms: true,
    jited_func_lens: true,
    prog_tags: true,
    func_info: true,
    line_info: true,
    jited_line_info: true,
  });
  const code = info.jited_prog_insns;
  if (code === undefined || code.length === 0) return undefined;
  const types = info.btf_id === 0 ? undefined : btf(info.btf_id);
  const places = functionPlaces(info, code);
  const lines = functionLines(info, types, places);
  const protos = programFunctions(info, types);
  const symbols = functionSymbols(info, types);
  return {
    info,
    code,
    functions: places.map(({ address, code }, i) => ({
      name: address === 0n ? `0x${"0".repeat(16)}` : (symbols[i] ?? ""),
      proto: protos[i]?.proto || undefined,
      address,
      code,
      lines: lines[i] ?? [],
    })),
  };
}

interface Place {
  readonly address: bigint;
  readonly length: number;
  readonly code: Uint8Array;
}

function functionPlaces({ jited_func_lens, jited_ksyms }: ProgInfo, code: Uint8Array): Place[] {
  let at = 0;
  return (jited_func_lens ?? [code.length]).map((length, i) => {
    const start = at;
    at += length;
    return { address: jited_ksyms?.[i] ?? 0n, length, code: code.subarray(start, at) };
  });
}

/**
 * Returns the source lines of each function. If an address in the kernel's line info lies outside the functions,
 * returns no lines at all, as libbpf does.
 */
function functionLines(info: ProgInfo, btf: Btf | undefined, places: readonly Place[]): JitedLine[][] {
  const addresses = info.jited_line_info ?? [];
  const lines = programLines(info, btf);
  if (addresses.length === 0 || lines.length !== addresses.length) return [];
  const ranges = jitedLineRanges(addresses, places) ?? [];
  return ranges.map(({ first, count }, i) => {
    const start = places[i]?.address ?? 0n;
    return lines.slice(first, first + count).map(({ slot: _, ...line }, n) => ({
      ...line,
      at: Number((addresses[first + n] ?? 0n) - start),
    }));
  });
}
