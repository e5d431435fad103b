import { hexByte } from "../layout/index.ts";
import * as bpf from "../uapi/index.ts";
import type { Instruction } from "./codec.ts";

/**
 * Returns names for the functions, maps and values to which instructions refer. If a function is missing or returns
 * undefined, a number is printed.
 */
export interface SymbolResolver {
  /** Names the target of a call, except for known helpers. For a subprogram it returns the text after `pc`. */
  callName?(instruction: Instruction, slot: number): string | undefined;
  /** Names the value of an ld_imm64. `value` has both halves. */
  immName?(instruction: Instruction, value: bigint, slot: number): string | undefined;
}

// The kernel's tables have null entries, and printf() prints a null pointer like this.
const HOLE = "(null)";

const ALU = ["+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "neg", "%=", "^=", "=", "s>>=", "endian", HOLE, HOLE];
const JUMP = ["jmp", "==", ">", ">=", "&", "!=", "s>", "s>=", "call", "exit", "<", "<=", "s<", "s<=", HOLE, HOLE];
const UNSIGNED = ["u32", "u16", "u8", "u64"];
// The kernel's table has no entry for a sign-extending load of 64 bits, which no verifier accepts.
const SIGNED = ["s32", "s16", "s8", "s64"];
const MOVSX: Readonly<Record<number, string>> = { 8: "(s8)", 16: "(s16)", 32: "(s32)" };
const ATOMIC_ALU: Readonly<Record<number, string>> = {
  [bpf.BPF_ADD]: "add",
  [bpf.BPF_OR]: "or",
  [bpf.BPF_AND]: "and",
  [bpf.BPF_XOR]: "xor",
};
/** `off` of the kernel's internal move that adds the per-CPU base (kernel/bpf/disasm.c, Linux 6.10). */
const ADDR_PERCPU = -1;
/** Mode of the kernel's internal speculation barrier, BPF_NOSPEC (include/linux/filter.h). */
const NOSPEC = 0xc0;

/**
 * Formats one instruction as the verifier's log and `bpftool prog dump xlated` do (kernel/bpf/disasm.c): `(b7) r0 = 0`.
 * An instruction that the kernel cannot print becomes `BUG_…`, as in the kernel.
 */
export function formatInstruction(instruction: Instruction, names: SymbolResolver = {}, slot = 0): string {
  const { op } = instruction;
  const code = hexByte(op);
  const text = textOf(instruction, names, slot);
  return text === undefined ? `BUG_${bugClass(op)}${code}` : `(${code}) ${text}`;
}

function textOf(instruction: Instruction, names: SymbolResolver, slot: number): string | undefined {
  switch (instruction.op & 0x07) {
    case bpf.BPF_ALU:
    case bpf.BPF_ALU64:
      return aluText(instruction);
    case bpf.BPF_JMP:
    case bpf.BPF_JMP32:
      return jumpText(instruction, names, slot);
    case bpf.BPF_STX:
      return stxText(instruction);
    case bpf.BPF_ST:
      return stText(instruction);
    case bpf.BPF_LDX:
      return ldxText(instruction);
    default:
      return ldText(instruction, names, slot);
  }
}

function bugClass(op: number): string {
  switch (op & 0x07) {
    case bpf.BPF_ST:
      return "st_";
    case bpf.BPF_LDX:
      return "ldx_";
    case bpf.BPF_LD:
      return "ld_";
    default:
      return "";
  }
}

function aluText({ op, dst, src, off, imm }: Instruction): string {
  const wide = (op & 0x07) === bpf.BPF_ALU64;
  const operation = op & 0xf0;
  const fromRegister = (op & bpf.BPF_X) !== 0;
  const r = wide ? "r" : "w";
  if (operation === bpf.BPF_END) return `r${dst} = ${wide ? "bswap" : fromRegister ? "be" : "le"}${imm} r${dst}`;
  if (operation === bpf.BPF_NEG) return `${r}${dst} = -${r}${dst}`;
  if (wide && operation === bpf.BPF_MOV && fromRegister) {
    if (off === bpf.BPF_ADDR_SPACE_CAST) return `r${dst} = addr_space_cast(r${src}, ${imm >>> 16}, ${imm & 0xffff})`;
    if (off === ADDR_PERCPU) return `r${dst} = &(void __percpu *)(r${src})`;
  }
  const signed = off === 1 && (operation === bpf.BPF_DIV || operation === bpf.BPF_MOD);
  const sign = `${signed ? "s" : ""}${ALU[operation >> 4]}`;
  if (!fromRegister) return `${r}${dst} ${sign} ${imm}`;
  const cast = operation === bpf.BPF_MOV ? (MOVSX[off] ?? "") : "";
  return `${r}${dst} ${sign} ${cast}${r}${src}`;
}

/** Formats a memory operand: `(u32 *)(r1 +4)`. */
function memory(type: string | undefined, register: number, off: number): string {
  return `(${type} *)(r${register} ${signed(off)})`;
}

function signed(value: number): string {
  return value < 0 ? `${value}` : `+${value}`;
}

function sizeName(op: number): string | undefined {
  return UNSIGNED[(op & 0x18) >> 3];
}

function stxText({ op, dst, src, off, imm }: Instruction): string | undefined {
  const mode = op & 0xe0;
  const target = memory(sizeName(op), dst, off);
  if (mode === bpf.BPF_MEM) return `*${target} = r${src}`;
  if (mode !== bpf.BPF_ATOMIC) return undefined;
  const atomic = (op & 0x18) === bpf.BPF_DW ? "atomic64" : "atomic";
  if (imm === bpf.BPF_CMPXCHG) return `r0 = ${atomic}_cmpxchg(${target}, r0, r${src})`;
  if (imm === bpf.BPF_XCHG) return `r${src} = ${atomic}_xchg(${target}, r${src})`;
  if (imm === bpf.BPF_LOAD_ACQ) return `r${dst} = load_acquire(${memory(sizeName(op), src, off)})`;
  if (imm === bpf.BPF_STORE_REL) return `store_release(${target}, r${src})`;
  const name = ATOMIC_ALU[imm & ~bpf.BPF_FETCH];
  if (name === undefined) return undefined;
  if ((imm & bpf.BPF_FETCH) === 0) return `lock *${target} ${ALU[imm >> 4]} r${src}`;
  return `r${src} = ${atomic}_fetch_${name}(${target}, r${src})`;
}

function stText({ op, dst, off, imm }: Instruction): string | undefined {
  const mode = op & 0xe0;
  if (mode === bpf.BPF_MEM) return `*${memory(sizeName(op), dst, off)} = ${imm}`;
  return mode === NOSPEC ? "nospec" : undefined;
}

function ldxText({ op, dst, src, off }: Instruction): string | undefined {
  const mode = op & 0xe0;
  if (mode !== bpf.BPF_MEM && mode !== bpf.BPF_MEMSX) return undefined;
  const type = mode === bpf.BPF_MEM ? sizeName(op) : SIGNED[(op & 0x18) >> 3];
  return `r${dst} = *${memory(type, src, off)}`;
}

function ldText(instruction: Instruction, names: SymbolResolver, slot: number): string | undefined {
  const { op, dst, src, imm } = instruction;
  const mode = op & 0xe0;
  if (mode === bpf.BPF_ABS) return `r0 = *(${sizeName(op)} *)skb[${imm}]`;
  if (mode === bpf.BPF_IND) return `r0 = *(${sizeName(op)} *)skb[r${src} + ${imm}]`;
  if (op !== bpf.LD_IMM64) return undefined;
  const value = instruction.imm64 ?? BigInt(imm >>> 0);
  return `r${dst} = ${names.immName?.(instruction, value, slot) ?? `0x${value.toString(16)}`}`;
}

function jumpText(instruction: Instruction, names: SymbolResolver, slot: number): string {
  const { op, dst, src, off, imm } = instruction;
  const operation = op & 0xf0;
  if (operation === bpf.BPF_CALL) return callText(instruction, names, slot);
  if (op === (bpf.BPF_JMP | bpf.BPF_JA)) return `goto pc${signed(off)}`;
  if (op === (bpf.BPF_JMP | bpf.BPF_JA | bpf.BPF_X)) return `gotox r${dst}`;
  if (op === (bpf.BPF_JMP | bpf.BPF_JCOND) && src === bpf.BPF_MAY_GOTO) return `may_goto pc${signed(off)}`;
  if (op === (bpf.BPF_JMP32 | bpf.BPF_JA)) return `gotol pc${signed(imm)}`;
  if (op === (bpf.BPF_JMP | bpf.BPF_EXIT)) return "exit";
  const r = (op & 0x07) === bpf.BPF_JMP32 ? "w" : "r";
  const right = (op & bpf.BPF_X) !== 0 ? `${r}${src}` : `0x${(imm >>> 0).toString(16)}`;
  return `if ${r}${dst} ${JUMP[operation >> 4]} ${right} goto pc${signed(off)}`;
}

function callText(instruction: Instruction, names: SymbolResolver, slot: number): string {
  const { src, imm } = instruction;
  const helper = src === 0 ? bpf.helperName(imm) : undefined;
  const name = helper ?? names.callName?.(instruction, slot);
  if (src === bpf.BpfPseudo.BPF_PSEUDO_CALL) return `call pc${name ?? signed(imm)}`;
  const unnamed = src === bpf.BpfPseudo.BPF_PSEUDO_KFUNC_CALL ? "kernel-function" : "unknown";
  return `call ${name ?? unnamed}#${imm}`;
}
