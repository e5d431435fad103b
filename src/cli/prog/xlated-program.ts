import type { KernelSymbols, XlatedProgram } from "../../asm/index.ts";
import { noSymbols, symbolNeeds } from "../../asm/index.ts";
import { type Btf, formatSignature } from "../../btf/index.ts";
import { kernelSymbolsByAddress, kernelSymbolsByName, type ProgInfo, progInfo } from "../../sys/index.ts";
import { CommandError } from "../command-error.ts";
import { loadedBtf } from "../loaded-btf.ts";
import { failedTo } from "../reason.ts";

/** A loaded program with all that a listing of it shows. */
export interface LoadedInstructions {
  readonly info: ProgInfo;
  readonly program: XlatedProgram & { readonly instructions: Uint8Array };
  readonly jitedKsyms: readonly bigint[];
  /** Reads /proc/kallsyms, no further than this program's names need. */
  readonly symbols: () => KernelSymbols;
}

/** Asks the kernel for a program's instructions and their debug information. */
export function loadedInstructions(fd: number): LoadedInstructions {
  let info: ProgInfo;
  try {
    info = progInfo(fd, { xlated: true, jitedKsyms: true, funcInfo: true, lineInfo: true });
  } catch (error) {
    throw failedTo("can't get prog info", error);
  }
  const instructions = info.xlated_prog_insns;
  if (instructions === undefined || instructions.length === 0) {
    throw new CommandError("error retrieving insn dump: kernel.kptr_restrict set?");
  }
  const btf = info.btf_id === 0 ? undefined : loadedBtf(info.btf_id);
  const jitedKsyms = info.jited_ksyms ?? [];
  return {
    info,
    program: {
      instructions,
      functions: btf === undefined ? [] : functionsOf(info, btf),
      lines: btf === undefined ? [] : linesOf(info, btf),
    },
    jitedKsyms,
    symbols: () => symbolsFor(instructions, jitedKsyms),
  };
}

function functionsOf({ func_info, func_info_rec_size }: ProgInfo, btf: Btf): NonNullable<XlatedProgram["functions"]> {
  return recordsOf(func_info, func_info_rec_size).map((record) => ({
    slot: record.getUint32(0, true),
    proto: formatSignature(btf, record.getUint32(4, true)),
  }));
}

function linesOf({ line_info, line_info_rec_size }: ProgInfo, btf: Btf): NonNullable<XlatedProgram["lines"]> {
  return recordsOf(line_info, line_info_rec_size).map((record) => {
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

function recordsOf(bytes: Uint8Array | undefined, size: number): DataView[] {
  if (bytes === undefined || size === 0) return [];
  return Array.from(
    { length: Math.floor(bytes.length / size) },
    (_, i) => new DataView(bytes.buffer, bytes.byteOffset + i * size, size),
  );
}

function symbolsFor(instructions: Uint8Array, jitedKsyms: readonly bigint[]): KernelSymbols {
  const callBase = kernelSymbolsByName(["__bpf_call_base"]).get("__bpf_call_base")?.address ?? 0n;
  // kernel.kptr_restrict hides every address then.
  if (callBase === 0n) return noSymbols;
  const { callOffsets, addresses } = symbolNeeds(instructions, jitedKsyms);
  const wanted = [...addresses, ...callOffsets.map((offset) => BigInt.asUintN(64, callBase + BigInt(offset)))];
  const found = kernelSymbolsByAddress(wanted);
  return { callBase, nameOf: (address) => found.get(address)?.name };
}
