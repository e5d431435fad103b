import { type KernelSymbols, type SymbolResolver, symbolNeeds, type XlatedProgram, xlatedNames } from "../asm/index.ts";
import type { Btf } from "../btf/index.ts";
import { kernelSymbolsByAddress, kernelSymbolsByName, type ProgInfo, progInfo } from "../sys/index.ts";
import { btfForListing, functionSymbols, programFunctions, programLines } from "./debug-info.ts";

/** A loaded program with everything that a listing of its instructions needs. */
export interface LoadedInstructions {
  readonly info: ProgInfo;
  readonly program: XlatedProgram & { readonly instructions: Uint8Array };
  /**
   * Resolves the names that the listing shows. Reads /proc/kallsyms only if one of the names comes from there, and only
   * until all of them are found.
   */
  readonly names: SymbolResolver;
}

/**
 * Returns the instructions of a loaded program as the verifier has rewritten them, with functions, source lines and
 * names. Returns undefined if the kernel hides the instructions (kernel.kptr_restrict, missing capabilities). `btf`
 * finds BTF by its id.
 */
export function loadedInstructions(
  fd: number,
  btf: (id: number) => Btf | undefined = btfForListing,
): LoadedInstructions | undefined {
  const info = progInfo(fd, {
    xlated_prog_insns: true,
    jited_ksyms: true,
    prog_tags: true,
    func_info: true,
    line_info: true,
  });
  const instructions = info.xlated_prog_insns;
  if (instructions === undefined || instructions.length === 0) return undefined;
  const types = info.btf_id === 0 ? undefined : btf(info.btf_id);
  const addresses = info.jited_ksyms ?? [];
  return {
    info,
    program: { instructions, functions: programFunctions(info, types), lines: programLines(info, types) },
    names: xlatedNames(addresses, () => symbolsFor(instructions, addresses, functionSymbols(info, types))),
  };
}

function symbolsFor(instructions: Uint8Array, addresses: readonly bigint[], names: readonly string[]): KernelSymbols {
  const own = new Map<bigint, string>();
  // With kernel.kptr_restrict, the kernel reports 0 instead of each address.
  for (const [i, address] of addresses.entries()) if (address !== 0n) own.set(address, names[i] ?? "");
  const { callOffsets } = symbolNeeds(instructions, addresses);
  const callBase = callOffsets.length === 0 ? 0n : callBaseAddress();
  if (callBase === 0n) return { callBase, nameOf: (address) => own.get(address) };
  const wanted = callOffsets.map((offset) => BigInt.asUintN(64, callBase + BigInt(offset)));
  const found = kernelSymbolsByAddress(wanted);
  return { callBase, nameOf: (address) => own.get(address) ?? found.get(address)?.name };
}

function callBaseAddress(): bigint {
  return kernelSymbolsByName(["__bpf_call_base"]).get("__bpf_call_base")?.address ?? 0n;
}
