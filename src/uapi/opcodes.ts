/**
 * Parts of an instruction's first byte, under the names and values of include/uapi/linux/bpf_common.h and bpf.h;
 * `BPF_JMP | BPF_CALL` reads as it does in C.
 */

/** Instruction classes, `op & 0x07`. */
export const BPF_LD = 0x00;
export const BPF_LDX = 0x01;
export const BPF_ST = 0x02;
export const BPF_STX = 0x03;
export const BPF_ALU = 0x04;
export const BPF_JMP = 0x05;
export const BPF_JMP32 = 0x06;
export const BPF_ALU64 = 0x07;

/** Widths of loads and stores, `op & 0x18`. */
export const BPF_W = 0x00;
export const BPF_H = 0x08;
export const BPF_B = 0x10;
export const BPF_DW = 0x18;

/** Modes of loads and stores, `op & 0xe0`. */
export const BPF_IMM = 0x00;
export const BPF_ABS = 0x20;
export const BPF_IND = 0x40;
export const BPF_MEM = 0x60;
export const BPF_MEMSX = 0x80;
export const BPF_ATOMIC = 0xc0;

/** Source of arithmetic and jumps, `op & 0x08`: the immediate or a register. */
export const BPF_K = 0x00;
export const BPF_X = 0x08;

/** Arithmetic, `op & 0xf0`. */
export const BPF_ADD = 0x00;
export const BPF_SUB = 0x10;
export const BPF_MUL = 0x20;
export const BPF_DIV = 0x30;
export const BPF_OR = 0x40;
export const BPF_AND = 0x50;
export const BPF_LSH = 0x60;
export const BPF_RSH = 0x70;
export const BPF_NEG = 0x80;
export const BPF_MOD = 0x90;
export const BPF_XOR = 0xa0;
export const BPF_MOV = 0xb0;
export const BPF_ARSH = 0xc0;
export const BPF_END = 0xd0;

/** Byte order of BPF_END, in the bit that holds {@link BPF_K} or {@link BPF_X} in other instructions. */
export const BPF_TO_LE = 0x00;
export const BPF_TO_BE = 0x08;

/** Jumps, `op & 0xf0`. */
export const BPF_JA = 0x00;
export const BPF_JEQ = 0x10;
export const BPF_JGT = 0x20;
export const BPF_JGE = 0x30;
export const BPF_JSET = 0x40;
export const BPF_JNE = 0x50;
export const BPF_JSGT = 0x60;
export const BPF_JSGE = 0x70;
export const BPF_CALL = 0x80;
export const BPF_EXIT = 0x90;
export const BPF_JLT = 0xa0;
export const BPF_JLE = 0xb0;
export const BPF_JSLT = 0xc0;
export const BPF_JSLE = 0xd0;
export const BPF_JCOND = 0xe0;

/** `src` of BPF_JCOND. */
export const BPF_MAY_GOTO = 0;

/** Atomic operations: immediates of BPF_ATOMIC, in addition to BPF_ADD, BPF_AND, BPF_OR and BPF_XOR. */
export const BPF_FETCH = 0x01;
export const BPF_XCHG = 0xe1;
export const BPF_CMPXCHG = 0xf1;
export const BPF_LOAD_ACQ = 0x100;
export const BPF_STORE_REL = 0x110;

/** `off` of a 64-bit register move that casts between address spaces (Linux 6.9). */
export const BPF_ADDR_SPACE_CAST = 1;

/** The opcode of ld_imm64, the only instruction of two slots. */
export const LD_IMM64 = 0x18;

/** Bytes of one instruction slot. */
export const SLOT_SIZE = 8;
