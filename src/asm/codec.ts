import { FormatError, UsageError } from "../errors/index.ts";
import { LD_IMM64, SLOT_SIZE } from "../uapi/index.ts";

/** One instruction, with the fields of `struct bpf_insn`. ld_imm64 is one instruction although it takes two slots. */
export interface Instruction {
  /** Opcode byte (`code` in the kernel). */
  readonly op: number;
  /** Destination register, 0 to 15. */
  readonly dst: number;
  /** Source register, or BPF_PSEUDO_*. */
  readonly src: number;
  /** The offset, a signed 16-bit number. */
  readonly off: number;
  /** The immediate, a signed 32-bit number. For ld_imm64 it is the immediate of the first slot. */
  readonly imm: number;
  /** Only for ld_imm64: both immediates as one unsigned number. The second slot's immediate is the upper half. */
  readonly imm64?: bigint;
}

/** Returns how many 8-byte slots an opcode takes: 2 for ld_imm64, 1 for all others. */
export function slotsOf(op: number): 1 | 2 {
  return op === LD_IMM64 ? 2 : 1;
}

/**
 * Decodes the instruction at byte `at`. Any opcode is accepted. Throws a FormatError if the bytes end inside the
 * instruction, or if the second slot of ld_imm64 holds more than an immediate.
 */
export function readInstruction(view: DataView, at: number, little = true, source = "instructions"): Instruction {
  if (!(at >= 0 && at + SLOT_SIZE <= view.byteLength)) {
    throw new FormatError({ source, offset: at }, "the instruction is cut off");
  }
  const op = view.getUint8(at);
  const registers = view.getUint8(at + 1);
  const dst = little ? registers & 0xf : registers >> 4;
  const src = little ? registers >> 4 : registers & 0xf;
  const off = view.getInt16(at + 2, little);
  const imm = view.getInt32(at + 4, little);
  if (op !== LD_IMM64) return { op, dst, src, off, imm };
  if (at + 2 * SLOT_SIZE > view.byteLength) {
    throw new FormatError({ source, offset: at }, "the second slot of ld_imm64 is missing");
  }
  if (view.getUint32(at + SLOT_SIZE) !== 0) {
    throw new FormatError(
      { source, offset: at + SLOT_SIZE },
      "the second slot of ld_imm64 must be zero apart from its immediate",
    );
  }
  const high = view.getUint32(at + SLOT_SIZE + 4, little);
  return { op, dst, src, off, imm, imm64: (BigInt(high) << 32n) | BigInt(imm >>> 0) };
}

/** Decodes all instructions. `little` is their byte order, which also decides the order of the two registers. */
export function decodeInstructions(bytes: Uint8Array, little = true, source = "instructions"): Instruction[] {
  if (bytes.length % SLOT_SIZE !== 0) {
    const offset = bytes.length - (bytes.length % SLOT_SIZE);
    throw new FormatError({ source, offset }, "the length of the instructions is not a multiple of 8 bytes");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const list: Instruction[] = [];
  for (let at = 0; at < bytes.length; ) {
    const instruction = readInstruction(view, at, little, source);
    list.push(instruction);
    at += SLOT_SIZE * slotsOf(instruction.op);
  }
  return list;
}

/** Encodes instructions. Throws a UsageError for a field that does not fit. */
export function encodeInstructions(list: readonly Instruction[], little = true): Uint8Array {
  let slots = 0;
  for (const { op } of list) slots += slotsOf(op);
  const bytes = new Uint8Array(slots * SLOT_SIZE);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const instruction of list) {
    const { op, dst, src, off, imm, imm64 } = instruction;
    checkField(instruction, "op", 0, 0xff);
    checkField(instruction, "dst", 0, 15);
    checkField(instruction, "src", 0, 15);
    checkField(instruction, "off", -0x8000, 0x7fff);
    checkField(instruction, "imm", -0x8000_0000, 0x7fff_ffff);
    view.setUint8(at, op);
    view.setUint8(at + 1, little ? (src << 4) | dst : (dst << 4) | src);
    view.setInt16(at + 2, off, little);
    view.setInt32(at + 4, imm, little);
    if (op === LD_IMM64) {
      if (imm64 === undefined || BigInt.asUintN(64, imm64) !== imm64 || BigInt.asIntN(32, imm64) !== BigInt(imm)) {
        throw new UsageError(
          `imm64 of ld_imm64 must be an unsigned 64-bit integer whose lower 32 bits are imm, not ${imm64}`,
        );
      }
      view.setUint32(at + SLOT_SIZE + 4, Number(imm64 >> 32n), little);
    }
    at += SLOT_SIZE * slotsOf(op);
  }
  return bytes;
}

function checkField(instruction: Instruction, field: "op" | "dst" | "src" | "off" | "imm", min: number, max: number) {
  const value = instruction[field];
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new UsageError(`the instruction's ${field} must be an integer from ${min} to ${max}, not ${value}`);
  }
}

/** Returns a copy of the instructions in the other byte order. */
export function swapInstructions(bytes: Uint8Array, source = "instructions"): Uint8Array {
  if (bytes.length % SLOT_SIZE !== 0) {
    const offset = bytes.length - (bytes.length % SLOT_SIZE);
    throw new FormatError({ source, offset }, "the length of the instructions is not a multiple of 8 bytes");
  }
  const swapped = bytes.slice();
  const view = new DataView(swapped.buffer);
  for (let at = 0; at < swapped.length; at += SLOT_SIZE) {
    const registers = view.getUint8(at + 1);
    view.setUint8(at + 1, ((registers & 0xf) << 4) | (registers >> 4));
    view.setUint16(at + 2, view.getUint16(at + 2, true), false);
    view.setUint32(at + 4, view.getUint32(at + 4, true), false);
  }
  return swapped;
}
