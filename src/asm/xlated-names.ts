import { BPF_CALL, BPF_JMP, BpfPseudo, helperName, SLOT_SIZE } from "../uapi/index.ts";
import { type Instruction, readInstruction, slotsOf } from "./codec.ts";
import type { SymbolResolver } from "./format-instruction.ts";

/** The part of /proc/kallsyms that the names in a listing need. */
export interface KernelSymbols {
  /** Address of `__bpf_call_base`, to which calls are relative; 0n if kptr_restrict hides it. */
  readonly callBase: bigint;
  /** Returns the symbol at exactly this address. */
  nameOf(address: bigint): string | undefined;
}

/** The addresses for which a listing needs names. */
export interface SymbolNeeds {
  /** Helpers and kernel functions, as distances from `__bpf_call_base`. */
  readonly callOffsets: readonly number[];
  /** Addresses of jited subprograms. */
  readonly addresses: readonly bigint[];
}

/** No symbols: for a kernel that hides them. */
export const noSymbols: KernelSymbols = { callBase: 0n, nameOf: () => undefined };

/**
 * Returns the names that `bpftool prog dump xlated` prints: a map's id, and the symbols of helpers, kernel functions
 * and subprograms. `jitedKsyms` are the addresses of the subprograms: none if the program is interpreted, zeros if the
 * kernel hides them. `symbols` is called only when the first call instruction needs a symbol.
 */
export function xlatedNames(jitedKsyms: readonly bigint[], symbols: () => KernelSymbols): SymbolResolver {
  let loaded: KernelSymbols | undefined;
  return {
    callName(instruction) {
      const { src, off, imm } = instruction;
      const subprogram = src === BpfPseudo.BPF_PSEUDO_CALL;
      const distance = off < 0 ? `${off}` : `+${off}`;
      if (subprogram && jitedKsyms.length === 0) return distance;
      loaded ??= symbols();
      const address = callAddress(instruction, jitedKsyms) ?? BigInt.asUintN(64, loaded.callBase + BigInt(imm));
      const name = loaded.nameOf(address) ?? `0x${address.toString(16)}`;
      return subprogram ? `${distance}#${name}` : name;
    },
    immName({ src, imm }, value) {
      const high = Number(BigInt.asIntN(32, value >> 32n));
      switch (src) {
        case BpfPseudo.BPF_PSEUDO_MAP_FD:
          return `map[id:${imm}]`;
        case BpfPseudo.BPF_PSEUDO_MAP_VALUE:
          return `map[id:${imm}][0]+${high}`;
        case BpfPseudo.BPF_PSEUDO_MAP_IDX_VALUE:
          return `map[idx:${imm}]+${high}`;
        case BpfPseudo.BPF_PSEUDO_FUNC:
          return `subprog[${imm < 0 ? "" : "+"}${imm}]`;
        default:
          return undefined;
      }
    },
  };
}

/** In a loaded program a call of a subprogram has the subprogram's number in `imm` and the distance in `off`. */
function callAddress({ src, imm }: Instruction, jitedKsyms: readonly bigint[]): bigint | undefined {
  return src === BpfPseudo.BPF_PSEUDO_CALL ? jitedKsyms[imm] : undefined;
}

/**
 * Returns the addresses that {@link xlatedNames} will look up, so that the caller need not read all of /proc/kallsyms.
 */
export function symbolNeeds(instructions: Uint8Array, jitedKsyms: readonly bigint[], little = true): SymbolNeeds {
  const view = new DataView(instructions.buffer, instructions.byteOffset, instructions.byteLength);
  const callOffsets = new Set<number>();
  const addresses = new Set<bigint>();
  for (let at = 0; at < instructions.length; ) {
    const instruction = readInstruction(view, at, little, "xlated instructions");
    at += SLOT_SIZE * slotsOf(instruction.op);
    if (instruction.op !== (BPF_JMP | BPF_CALL)) continue;
    const { src, imm } = instruction;
    const address = callAddress(instruction, jitedKsyms);
    if (address !== undefined) addresses.add(address);
    else if (src === BpfPseudo.BPF_PSEUDO_CALL ? jitedKsyms.length > 0 : src !== 0 || helperName(imm) === undefined) {
      callOffsets.add(imm);
    }
  }
  return { callOffsets: [...callOffsets], addresses: [...addresses] };
}
