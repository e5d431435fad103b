import { UsageError } from "../errors/index.ts";
import * as bpf from "../uapi/index.ts";
import type { Reference, Target } from "./assemble.ts";
import type { Instruction } from "./codec.ts";
import { type Register, wideNumber } from "./registers.ts";

/** Width of a load or store. The signed widths load with sign extension (Linux 6.6). */
export type Width = "u8" | "u16" | "u32" | "u64";
export type SignedWidth = "s8" | "s16" | "s32";

/** The right operand of an operation: a register of the same width or a 32-bit immediate. */
export type Operand = Register | number;

const SIZE: Readonly<Record<Width | SignedWidth, number>> = {
  u8: bpf.BPF_B,
  u16: bpf.BPF_H,
  u32: bpf.BPF_W,
  u64: bpf.BPF_DW,
  s8: bpf.BPF_B,
  s16: bpf.BPF_H,
  s32: bpf.BPF_W,
};

function instruction(op: number, dst: number, src: number, off: number, imm: number): Instruction {
  return { op, dst, src, off, imm };
}

// Arithmetic. r0 to r10 stand for all 64 bits. w0 to w10 stand for the lower 32; writing one clears the upper half.

function alu(operation: number, dst: Register, right: Operand, off = 0): Instruction {
  return binary(operation | (dst.wide ? bpf.BPF_ALU64 : bpf.BPF_ALU), dst, right, off);
}

function binary(op: number, dst: Register, right: Operand, off: number): Instruction {
  if (typeof right === "number") return instruction(op | bpf.BPF_K, dst.number, 0, off, immediate(right, dst.wide));
  if (right.wide !== dst.wide) {
    throw new UsageError(`${dst.name} and ${right.name} differ in width: use r registers for 64 bits, w for 32`);
  }
  return instruction(op | bpf.BPF_X, dst.number, right.number, off, 0);
}

/** Checks an immediate. A 64-bit operation sign-extends it, so only a 32-bit operation can take 0xffffffff. */
function immediate(value: number, wide: boolean): number {
  const max = wide ? 0x7fff_ffff : 0xffff_ffff;
  if (!Number.isInteger(value) || value < -0x8000_0000 || value > max) {
    throw new UsageError(`${value} does not fit into a${wide ? " signed" : ""} 32-bit immediate; use ldImm64`);
  }
  return value | 0;
}

export const mov = (dst: Register, right: Operand): Instruction => alu(bpf.BPF_MOV, dst, right);
export const add = (dst: Register, right: Operand): Instruction => alu(bpf.BPF_ADD, dst, right);
export const sub = (dst: Register, right: Operand): Instruction => alu(bpf.BPF_SUB, dst, right);
export const mul = (dst: Register, right: Operand): Instruction => alu(bpf.BPF_MUL, dst, right);
export const div = (dst: Register, right: Operand): Instruction => alu(bpf.BPF_DIV, dst, right);
export const mod = (dst: Register, right: Operand): Instruction => alu(bpf.BPF_MOD, dst, right);
/** Signed division (Linux 6.6). */
export const sdiv = (dst: Register, right: Operand): Instruction => alu(bpf.BPF_DIV, dst, right, 1);
/** Signed remainder (Linux 6.6). */
export const smod = (dst: Register, right: Operand): Instruction => alu(bpf.BPF_MOD, dst, right, 1);
export const and = (dst: Register, right: Operand): Instruction => alu(bpf.BPF_AND, dst, right);
export const or = (dst: Register, right: Operand): Instruction => alu(bpf.BPF_OR, dst, right);
export const xor = (dst: Register, right: Operand): Instruction => alu(bpf.BPF_XOR, dst, right);
export const lsh = (dst: Register, right: Operand): Instruction => alu(bpf.BPF_LSH, dst, right);
export const rsh = (dst: Register, right: Operand): Instruction => alu(bpf.BPF_RSH, dst, right);
export const arsh = (dst: Register, right: Operand): Instruction => alu(bpf.BPF_ARSH, dst, right);
export const neg = (dst: Register): Instruction => alu(bpf.BPF_NEG, dst, 0);
/** Moves the lower `bits` bits with sign extension (Linux 6.6). */
export const movsx = (dst: Register, src: Register, bits: 8 | 16 | 32): Instruction => alu(bpf.BPF_MOV, dst, src, bits);

/** Converts the lower `bits` bits between the machine's byte order and little endian, and clears the rest. */
export const le = (dst: Register, bits: 16 | 32 | 64): Instruction =>
  instruction(bpf.BPF_ALU | bpf.BPF_END | bpf.BPF_TO_LE, wideNumber(dst), 0, 0, bits);
/** Converts the lower `bits` bits between the machine's byte order and big endian, and clears the rest. */
export const be = (dst: Register, bits: 16 | 32 | 64): Instruction =>
  instruction(bpf.BPF_ALU | bpf.BPF_END | bpf.BPF_TO_BE, wideNumber(dst), 0, 0, bits);
/** Reverses the bytes of the lower `bits` bits, and clears the rest (Linux 6.6). */
export const bswap = (dst: Register, bits: 16 | 32 | 64): Instruction =>
  instruction(bpf.BPF_ALU64 | bpf.BPF_END, wideNumber(dst), 0, 0, bits);
/** Casts a pointer between address spaces: 1 is an arena as user space sees it, 0 is the kernel (Linux 6.9). */
export const addrSpaceCast = (dst: Register, src: Register, toSpace: number, fromSpace: number): Instruction =>
  instruction(
    bpf.BPF_ALU64 | bpf.BPF_MOV | bpf.BPF_X,
    wideNumber(dst),
    wideNumber(src),
    bpf.BPF_ADDR_SPACE_CAST,
    (toSpace << 16) | fromSpace,
  );

// Memory. An address is a 64-bit register plus a signed 16-bit offset. Operands are ordered as in the kernel's macros.

/** dst = *(width *)(src + off) */
export const ldx = (width: Width | SignedWidth, dst: Register, src: Register, off: number): Instruction =>
  instruction(
    bpf.BPF_LDX | (width.startsWith("s") ? bpf.BPF_MEMSX : bpf.BPF_MEM) | SIZE[width],
    wideNumber(dst),
    wideNumber(src),
    off,
    0,
  );
/** *(width *)(dst + off) = src */
export const stx = (width: Width, dst: Register, src: Register, off: number): Instruction =>
  instruction(bpf.BPF_STX | bpf.BPF_MEM | SIZE[width], wideNumber(dst), wideNumber(src), off, 0);
/** *(width *)(dst + off) = imm */
export const st = (width: Width, dst: Register, off: number, imm: number): Instruction =>
  instruction(bpf.BPF_ST | bpf.BPF_MEM | SIZE[width], wideNumber(dst), 0, off, immediate(imm, width === "u64"));
/** r0 = packet bytes at `imm`, in host order; socket filters and tc only. */
export const ldAbs = (width: "u8" | "u16" | "u32", imm: number): Instruction =>
  instruction(bpf.BPF_LD | bpf.BPF_ABS | SIZE[width], 0, 0, 0, immediate(imm, true));
/** r0 = packet bytes at `src + imm`, in host order; socket filters and tc only. */
export const ldInd = (width: "u8" | "u16" | "u32", src: Register, imm: number): Instruction =>
  instruction(bpf.BPF_LD | bpf.BPF_IND | SIZE[width], 0, wideNumber(src), 0, immediate(imm, true));

/** The operations of {@link atomic}. */
export type AtomicOperation =
  | "add"
  | "and"
  | "or"
  | "xor"
  | "fetch_add"
  | "fetch_and"
  | "fetch_or"
  | "fetch_xor"
  | "xchg"
  | "cmpxchg";

const ATOMIC: Readonly<Record<AtomicOperation, number>> = {
  add: bpf.BPF_ADD,
  and: bpf.BPF_AND,
  or: bpf.BPF_OR,
  xor: bpf.BPF_XOR,
  fetch_add: bpf.BPF_ADD | bpf.BPF_FETCH,
  fetch_and: bpf.BPF_AND | bpf.BPF_FETCH,
  fetch_or: bpf.BPF_OR | bpf.BPF_FETCH,
  fetch_xor: bpf.BPF_XOR | bpf.BPF_FETCH,
  xchg: bpf.BPF_XCHG,
  cmpxchg: bpf.BPF_CMPXCHG,
};

/**
 * Does an atomic operation on *(width *)(dst + off) with src. `fetch_…` and `xchg` put the old value into src;
 * `cmpxchg` compares with r0 and puts the old value there. All operations but `add` need Linux 5.12.
 */
export const atomic = (
  operation: AtomicOperation,
  width: "u32" | "u64",
  dst: Register,
  src: Register,
  off: number,
): Instruction => atomicOp(width, dst, src, off, ATOMIC[operation]);
/** dst = *(width *)(src + off) with acquire semantics (Linux 6.15). */
export const loadAcquire = (width: Width, dst: Register, src: Register, off: number): Instruction =>
  atomicOp(width, dst, src, off, bpf.BPF_LOAD_ACQ);
/** *(width *)(dst + off) = src with release semantics (Linux 6.15). */
export const storeRelease = (width: Width, dst: Register, src: Register, off: number): Instruction =>
  atomicOp(width, dst, src, off, bpf.BPF_STORE_REL);

function atomicOp(width: Width, dst: Register, src: Register, off: number, imm: number): Instruction {
  return instruction(bpf.BPF_STX | bpf.BPF_ATOMIC | SIZE[width], wideNumber(dst), wideNumber(src), off, imm);
}

// 64-bit immediates, two slots each.

function wideImmediate(dst: Register, src: number, low: number, high: number): Instruction {
  const lower = immediate(low, false);
  const imm64 = (BigInt(immediate(high, false) >>> 0) << 32n) | BigInt(lower >>> 0);
  return { op: bpf.LD_IMM64, dst: wideNumber(dst), src, off: 0, imm: lower, imm64 };
}

/** dst = value, from -2^63 to 2^64 - 1. */
export function ldImm64(dst: Register, value: bigint | number): Instruction {
  const wide = BigInt(value);
  if (wide < -(1n << 63n) || wide >= 1n << 64n) throw new UsageError(`${value} does not fit into 64 bits`);
  return wideImmediate(dst, 0, Number(BigInt.asUintN(32, wide)), Number(BigInt.asUintN(32, wide >> 32n)));
}
/** dst = the address of the map with this fd. */
export const ldMapFd = (dst: Register, fd: number): Instruction =>
  wideImmediate(dst, bpf.BpfPseudo.BPF_PSEUDO_MAP_FD, fd, 0);
/** dst = the address of byte `offset` in the only value of the array map with this fd (Linux 5.2). */
export const ldMapValue = (dst: Register, fd: number, offset = 0): Instruction =>
  wideImmediate(dst, bpf.BpfPseudo.BPF_PSEUDO_MAP_VALUE, fd, offset);
/** dst = the address of the map whose fd is at `index` in the load's fd_array (Linux 5.14). */
export const ldMapIdx = (dst: Register, index: number): Instruction =>
  wideImmediate(dst, bpf.BpfPseudo.BPF_PSEUDO_MAP_IDX, index, 0);
/** Like {@link ldMapValue}, with the map's fd at `index` in the load's fd_array (Linux 5.14). */
export const ldMapIdxValue = (dst: Register, index: number, offset = 0): Instruction =>
  wideImmediate(dst, bpf.BpfPseudo.BPF_PSEUDO_MAP_IDX_VALUE, index, offset);
/** dst = the address of a kernel variable with this BTF id; `btfFd` is the fd of a module's BTF (Linux 5.10). */
export const ldBtfId = (dst: Register, id: number, btfFd = 0): Instruction =>
  wideImmediate(dst, bpf.BpfPseudo.BPF_PSEUDO_BTF_ID, id, btfFd);
/** dst = the address of a subprogram, for a callback (Linux 5.13). */
export const ldFunc = (dst: Register, to: Target): Instruction | Reference =>
  refer(wideImmediate(dst, bpf.BpfPseudo.BPF_PSEUDO_FUNC, typeof to === "number" ? to : 0, 0), to, "imm");

// Control flow. w registers compare 32 bits (Linux 5.1).

function refer(item: Instruction, to: Target, field: "off" | "imm"): Instruction | Reference {
  return typeof to === "string" ? { ...item, to, field } : { ...item, [field]: to };
}

function jump(operation: number, dst: Register, right: Operand, to: Target): Instruction | Reference {
  return refer(binary(operation | (dst.wide ? bpf.BPF_JMP : bpf.BPF_JMP32), dst, right, 0), to, "off");
}

type Jump = (dst: Register, right: Operand, to: Target) => Instruction | Reference;
export const jeq: Jump = (dst, right, to) => jump(bpf.BPF_JEQ, dst, right, to);
export const jne: Jump = (dst, right, to) => jump(bpf.BPF_JNE, dst, right, to);
export const jgt: Jump = (dst, right, to) => jump(bpf.BPF_JGT, dst, right, to);
export const jge: Jump = (dst, right, to) => jump(bpf.BPF_JGE, dst, right, to);
export const jlt: Jump = (dst, right, to) => jump(bpf.BPF_JLT, dst, right, to);
export const jle: Jump = (dst, right, to) => jump(bpf.BPF_JLE, dst, right, to);
export const jset: Jump = (dst, right, to) => jump(bpf.BPF_JSET, dst, right, to);
export const jsgt: Jump = (dst, right, to) => jump(bpf.BPF_JSGT, dst, right, to);
export const jsge: Jump = (dst, right, to) => jump(bpf.BPF_JSGE, dst, right, to);
export const jslt: Jump = (dst, right, to) => jump(bpf.BPF_JSLT, dst, right, to);
export const jsle: Jump = (dst, right, to) => jump(bpf.BPF_JSLE, dst, right, to);

/** Jumps always. */
export const ja = (to: Target): Instruction | Reference =>
  refer(instruction(bpf.BPF_JMP | bpf.BPF_JA, 0, 0, 0, 0), to, "off");
/** Jumps always, over up to 2^31 slots (Linux 6.6). */
export const gotol = (to: Target): Instruction | Reference =>
  refer(instruction(bpf.BPF_JMP32 | bpf.BPF_JA, 0, 0, 0, 0), to, "imm");
/** Jumps to the address in a register. The address comes from an instruction array map (Linux 6.19). */
export const gotox = (dst: Register): Instruction =>
  instruction(bpf.BPF_JMP | bpf.BPF_JA | bpf.BPF_X, wideNumber(dst), 0, 0, 0);
/** Jumps when a loop reaches the kernel's limit of iterations; for loops that the verifier cannot bound (Linux 6.9). */
export const mayGoto = (to: Target): Instruction | Reference =>
  refer(instruction(bpf.BPF_JMP | bpf.BPF_JCOND, 0, bpf.BPF_MAY_GOTO, 0, 0), to, "off");

/** Calls a helper by its number, or a subprogram by its label (subprograms: Linux 4.16). */
export const call = (to: Target): Instruction | Reference =>
  typeof to === "number"
    ? instruction(bpf.BPF_JMP | bpf.BPF_CALL, 0, 0, 0, to)
    : refer(instruction(bpf.BPF_JMP | bpf.BPF_CALL, 0, bpf.BpfPseudo.BPF_PSEUDO_CALL, 0, 0), to, "imm");
/** Calls a helper by its full name, such as `bpf_map_lookup_elem`. Throws UsageError for an unknown name. */
export function callHelper(name: string): Instruction {
  const number = bpf.helperByName(name);
  if (number === undefined) throw new UsageError(`there is no helper function ${name}`);
  return instruction(bpf.BPF_JMP | bpf.BPF_CALL, 0, 0, 0, number);
}
/** Calls a kernel function by its BTF id; `fdIndex` is the index of a module's BTF fd in fd_array (Linux 5.13). */
export const callKfunc = (id: number, fdIndex = 0): Instruction =>
  instruction(bpf.BPF_JMP | bpf.BPF_CALL, 0, bpf.BpfPseudo.BPF_PSEUDO_KFUNC_CALL, fdIndex, id);
/** Calls the address in a register. Compilers emit this instruction, but no kernel's verifier accepts it. */
export const callx = (dst: Register): Instruction =>
  instruction(bpf.BPF_JMP | bpf.BPF_CALL | bpf.BPF_X, wideNumber(dst), 0, 0, 0);
export const exit = (): Instruction => instruction(bpf.BPF_JMP | bpf.BPF_EXIT, 0, 0, 0, 0);
