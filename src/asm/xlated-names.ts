import { BPF_CALL, BPF_JMP, BpfPseudo, helperName, SLOT_SIZE } from "../uapi/index.ts";
import { type Instruction, readInstruction, slotsOf } from "./codec.ts";
import type { SymbolResolver } from "./format-instruction.ts";

/** What names in a listing need of /proc/kallsyms. */
export interface KernelSymbols {
  /** Address of `__bpf_call_base`, from which the kernel counts calls; 0n where kptr_restrict hides it. */
  readonly callBase: bigint;
  /** The symbol at exactly this address. */
  nameOf(address: bigint): string | undefined;
}

/** The addresses whose names a listing shows. */
export interface SymbolNeeds {
  /** Helpers and kernel functions, as distances from `__bpf_call_base`. */
  readonly callOffsets: readonly number[];
  /** Addresses of jited subprograms. */
  readonly addresses: readonly bigint[];
}

/** Symbols of a kernel that shows none. */
export const noSymbols: KernelSymbols = { callBase: 0n, nameOf: () => undefined };

/**
 * The names that `bpftool prog dump xlated` gives: maps by id, subprograms by the symbols of `jitedKsyms` (empty for a
 * program that is interpreted, zeros where the kernel hides them), helpers and kernel functions by their symbols. `symbols` is asked at the first call that
 * needs it, and never where there is none.
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

/** A loaded program's call of a subprogram holds its number in `imm`, and the distance in `off`. */
function callAddress({ src, imm }: Instruction, jitedKsyms: readonly bigint[]): bigint | undefined {
  return src === BpfPseudo.BPF_PSEUDO_CALL ? jitedKsyms[imm] : undefined;
}

/** What {@link xlatedNames} will ask for, so that /proc/kallsyms need not be read at all, or no further than needed. */
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
