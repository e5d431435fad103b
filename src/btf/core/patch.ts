import { FormatError } from "../../errors/index.ts";
import * as bpf from "../../uapi/index.ts";
import type { CoreResult } from "./relocator.ts";

/** The helper number of a poisoned call, 0xbad2310: the verifier rejects it as `unknown#195896080`. */
export const CORE_POISON_HELPER = 195896080;

const CLASS_MASK = 0x07;
const SIZE_MASK = 0x18;

/** How many bytes a load or store moves, by the size bits of its opcode. */
const BYTES_OF_SIZE: Readonly<Record<number, number>> = {
  [bpf.BPF_W]: 4,
  [bpf.BPF_H]: 2,
  [bpf.BPF_B]: 1,
  [bpf.BPF_DW]: 8,
};
const SIZE_OF_BYTES: Readonly<Record<number, number>> = { 4: bpf.BPF_W, 2: bpf.BPF_H, 1: bpf.BPF_B, 8: bpf.BPF_DW };

/**
 * Writes a CO-RE result into the instruction at `slot`: into the immediate of an ALU operation or of ld_imm64, or into
 * the offset of a load or store, whose width may change too. If this function poisons the instruction instead, it
 * returns the reason. Throws FormatError and changes nothing if the relocation does not expect such an instruction.
 *
 * @param instructions the program's encoded instructions
 * @param slot the instruction, in 8-byte slots
 * @param little true if the instructions are little-endian
 */
export function applyCoreRelocation(
  instructions: DataView,
  slot: number,
  result: CoreResult,
  little: boolean,
  programName: string,
): string | undefined {
  const at = slot * bpf.SLOT_SIZE;
  const fail = (problem: string): never => {
    const text = `instruction ${slot}: CO-RE relocation ${result.text}: ${problem}`;
    throw new FormatError({ source: `program ${programName}` }, text);
  };
  if (!(Number.isInteger(slot) && slot >= 0 && at + bpf.SLOT_SIZE <= instructions.byteLength)) {
    return fail(
      `the instruction is outside the program, which has ${Math.floor(instructions.byteLength / bpf.SLOT_SIZE)} slots`,
    );
  }
  const { original, value, validate } = result;
  const poison = (): string => {
    // Poison the second slot too. Otherwise the verifier complains about its opcode 0.
    if (instructions.getUint8(at) === bpf.LD_IMM64 && at + 2 * bpf.SLOT_SIZE <= instructions.byteLength)
      poisonSlot(instructions, at + bpf.SLOT_SIZE, little);
    poisonSlot(instructions, at, little);
    return result.reason ?? "not found";
  };
  const expect = (found: bigint): void => {
    if (validate && BigInt.asUintN(64, found) !== original)
      fail(`the relocation replaces the value ${original} by ${value}, but the instruction contains ${found}`);
  };
  if (result.poison) return poison();

  const opcode = instructions.getUint8(at);
  switch (opcode & CLASS_MASK) {
    case bpf.BPF_ALU:
    case bpf.BPF_ALU64:
      if ((opcode & bpf.BPF_X) !== 0) fail("the ALU instruction has no immediate operand to replace");
      expect(BigInt(instructions.getInt32(at + 4, little)));
      instructions.setInt32(at + 4, Number(BigInt.asIntN(32, value)), little);
      return undefined;
    case bpf.BPF_LDX:
    case bpf.BPF_ST:
    case bpf.BPF_STX: {
      expect(BigInt(instructions.getInt16(at + 2, little)));
      if (value > 0x7fffn) fail(`the new offset ${value} does not fit into 16 bits`);
      if (result.failSizeChange) return poison();
      if (result.size !== result.originalSize) {
        const bytes = BYTES_OF_SIZE[opcode & SIZE_MASK];
        if (bytes !== result.originalSize)
          fail(`the instruction loads or stores ${bytes} bytes, but the field has ${result.originalSize} bytes`);
        const size = SIZE_OF_BYTES[result.size] ?? fail(`no instruction loads or stores ${result.size} bytes`);
        instructions.setUint8(at, (opcode & ~SIZE_MASK) | size);
      }
      instructions.setInt16(at + 2, Number(value), little);
      return undefined;
    }
    case bpf.BPF_LD: {
      if (!isPlainLoadImmediate(instructions, at, little))
        fail("the ld_imm64 is incomplete, or it does not load a plain number");
      const low = BigInt(instructions.getUint32(at + 4, little));
      const high = BigInt(instructions.getUint32(at + bpf.SLOT_SIZE + 4, little));
      expect((high << 32n) | low);
      instructions.setUint32(at + 4, Number(value & 0xffff_ffffn), little);
      instructions.setUint32(at + bpf.SLOT_SIZE + 4, Number(value >> 32n), little);
      return undefined;
    }
    default:
      return fail(`an instruction with opcode 0x${opcode.toString(16)} cannot be relocated`);
  }
}

/** Returns true for an ld_imm64 of a plain number (not of a map or a function) that has a valid second slot. */
function isPlainLoadImmediate(instructions: DataView, at: number, little: boolean): boolean {
  if (instructions.getUint8(at) !== bpf.LD_IMM64 || at + 2 * bpf.SLOT_SIZE > instructions.byteLength) return false;
  // This byte contains two register numbers of 4 bits each. Their order depends on the byte order.
  const registers = instructions.getUint8(at + 1);
  const source = little ? registers >> 4 : registers & 0x0f;
  return source === 0 && instructions.getUint16(at + 2) === 0 && instructions.getUint32(at + bpf.SLOT_SIZE) === 0;
}

function poisonSlot(instructions: DataView, at: number, little: boolean): void {
  instructions.setUint8(at, bpf.BPF_JMP | bpf.BPF_CALL);
  instructions.setUint8(at + 1, 0);
  instructions.setInt16(at + 2, 0, little);
  instructions.setInt32(at + 4, CORE_POISON_HELPER, little);
}
