import { BAD_CODE, type Disassembler, type MachineInstruction } from "../../asm/index.ts";
import {
  ARITHMETIC,
  BIT_TESTS,
  CONDITIONS,
  FENCES,
  PLAIN,
  PLAIN_TWO,
  PREFETCHES,
  SEGMENTS,
  SHIFTS,
  type Size,
  SUFFIX,
} from "./x86-names.ts";
import { OperandReader } from "./x86-operands.ts";

// The output is in AT&T syntax, as LLVM 22 writes it. The decoder supports the integer instructions that the kernel's
// JIT emits, the instructions that the kernel inserts later (mitigations, nops, fences), and some similar instructions.
// The opcode maps and the names of operands are from Intel's manual, volume 2, appendix A. There, E is a register or
// memory that the ModRM byte selects, and G is a register that the ModRM byte selects.

/** The largest length of an instruction. A longer one, for example with many prefixes, is invalid for the processor. */
const LONGEST_INSTRUCTION = 15;

/** Disassembles x86-64 code in the form of LLVM's output in AT&T syntax. */
export const x86Disassembler: Disassembler = function* (code, address): Generator<MachineInstruction> {
  const decoder = new Decoder(code, address);
  for (let at = 0; at < code.length; ) {
    const text = decoder.decode(at) ?? BAD_CODE;
    const length = text === BAD_CODE ? 1 : decoder.at - at;
    yield { at, length, text };
    at += length;
  }
};

class Decoder extends OperandReader {
  /**
   * Returns the text of the instruction at `start`, and moves {@link at} to the end of this instruction. Returns
   * undefined if the instruction is unknown.
   */
  decode(start: number): string | undefined {
    this.at = start;
    this.segment = "";
    this.narrow = false;
    this.repeat = 0;
    this.rex = 0;
    try {
      const text = this.#instruction(start);
      return this.at - start <= LONGEST_INSTRUCTION ? text : undefined;
    } catch (error) {
      // A RangeError means that the code ends in the middle of an instruction.
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  #instruction(start: number): string | undefined {
    for (let byte = this.u8(); this.at - start <= LONGEST_INSTRUCTION; byte = this.u8()) {
      // LLVM prints these prefixes as separate instructions.
      if (byte === 0xf0) return this.#alone(start, "lock");
      if (byte === 0x66) this.narrow = true;
      else if (byte === 0xf2 || byte === 0xf3) this.repeat = byte;
      else if (byte in SEGMENTS) this.segment = SEGMENTS[byte] ?? "";
      else {
        if ((byte & 0xf0) === 0x40) {
          this.rex = byte;
          byte = this.u8();
        }
        return (
          this.#opcode(byte) ??
          (this.repeat > 0 ? this.#alone(start, this.repeat === 0xf3 ? "rep" : "repne") : undefined)
        );
      }
    }
    return undefined;
  }

  #alone(start: number, prefix: string): string {
    this.at = start + 1;
    return prefix;
  }

  #opcode(op: number): string | undefined {
    if (op === 0x0f) return this.#twoBytes(this.u8());
    if (op === 0xc4) return this.#vex();
    if (this.repeat > 0) return op === 0x90 && this.repeat === 0xf3 ? "pause" : undefined;
    const size = (op & 1) === 0 ? 1 : this.size();
    if (op < 0x40) return this.#arithmetic(op, size);
    if (op >= 0x70 && op < 0x80) return `j${CONDITIONS[op & 15]}\t${this.target(this.i8())}`;
    switch (op & 0xf8) {
      case 0x50:
      case 0x58:
        return `${op < 0x58 ? "push" : "pop"}${this.narrow ? "w" : "q"}\t${this.register((op & 7) | this.extendedB(), this.narrow ? 2 : 8)}`;
      case 0x90:
        return this.#exchangeWithA(op);
      case 0xb0:
        return `movb\t$${this.i8()}, ${this.register((op & 7) | this.extendedB(), 1)}`;
      case 0xb8:
        return this.#moveImmediate(op);
    }
    switch (op) {
      case 0x63:
        this.modRm();
        return `movslq\t${this.e(4)}, ${this.g(this.size())}`;
      case 0x68:
        return `pushq\t$${this.i32()}`;
      case 0x6a:
        return `pushq\t$${this.i8()}`;
      case 0x69:
      case 0x6b:
        this.modRm();
        return `imul${SUFFIX[this.size()]}\t$${op === 0x6b ? this.i8() : this.immediate(this.size())}, ${this.e(this.size())}, ${this.g(this.size())}`;
      case 0x80:
      case 0x81:
      case 0x83: {
        this.modRm();
        const value = op === 0x81 ? this.immediate(size) : this.i8();
        return `${ARITHMETIC[this.reg & 7]}${SUFFIX[size]}\t$${value}, ${this.e(size)}`;
      }
      case 0x84:
      case 0x85:
        return this.#gToE("test", size);
      case 0x86:
      case 0x87:
        this.modRm();
        // If both operands are registers, LLVM prints them in the opposite order.
        if (this.memory === undefined) return `xchg${SUFFIX[size]}\t${this.e(size)}, ${this.g(size)}`;
        return `xchg${SUFFIX[size]}\t${this.g(size)}, ${this.memory}`;
      case 0x88:
      case 0x89:
        return this.#gToE("mov", size);
      case 0x8a:
      case 0x8b:
        return this.#eToG("mov", size);
      case 0x8d:
        this.modRm();
        return this.memory && `lea${SUFFIX[size]}\t${this.memory}, ${this.g(size)}`;
      case 0x8f:
        this.modRm();
        return `popq\t${this.e(8)}`;
      case 0x98:
        return this.#extension("cbtw", "cwtl", "cltq");
      case 0x99:
        return this.#extension("cwtd", "cltd", "cqto");
      case 0xa8:
      case 0xa9:
        return `test${SUFFIX[size]}\t$${this.immediate(size)}, ${this.register(0, size)}`;
      case 0xc0:
      case 0xc1:
        this.modRm();
        return `${SHIFTS[this.reg & 7]}${SUFFIX[size]}\t$${this.u8()}, ${this.e(size)}`;
      case 0xd0:
      case 0xd1:
        this.modRm();
        return `${SHIFTS[this.reg & 7]}${SUFFIX[size]}\t${this.e(size)}`;
      case 0xd2:
      case 0xd3:
        this.modRm();
        return `${SHIFTS[this.reg & 7]}${SUFFIX[size]}\t%cl, ${this.e(size)}`;
      case 0xc2:
        return `retq\t$${this.i16()}`;
      case 0xc6:
      case 0xc7:
        this.modRm();
        if ((this.reg & 7) !== 0) return undefined;
        return `mov${SUFFIX[size]}\t$${this.immediate(size)}, ${this.e(size)}`;
      case 0xe2:
        return `loop\t${this.target(this.i8())}`;
      case 0xe3:
        return `jrcxz\t${this.target(this.i8())}`;
      case 0xe8:
        return `callq\t${this.target(this.i32())}`;
      case 0xe9:
        return `jmp\t${this.target(this.i32())}`;
      case 0xeb:
        return `jmp\t${this.target(this.i8())}`;
      case 0xf6:
      case 0xf7:
        return this.#unary(size);
      case 0xfe:
      case 0xff:
        return this.#counting(op, size);
      default:
        return PLAIN[op];
    }
  }

  #arithmetic(op: number, size: Size): string | undefined {
    const name = ARITHMETIC[op >> 3] ?? "";
    switch (op & 7) {
      case 0:
      case 1:
        return this.#gToE(name, size);
      case 2:
      case 3:
        return this.#eToG(name, size);
      case 4:
      case 5:
        return `${name}${SUFFIX[size]}\t$${this.immediate(size)}, ${this.register(0, size)}`;
      default:
        return undefined;
    }
  }

  /** Decodes not, neg, mul, imul, div, idiv, and test with an immediate operand. */
  #unary(size: Size): string {
    const isTest = ((this.code[this.at] ?? 0) & 0x30) === 0;
    this.modRm();
    if (isTest) return `test${SUFFIX[size]}\t$${this.immediate(size)}, ${this.e(size)}`;
    const name = ["", "", "not", "neg", "mul", "imul", "div", "idiv"][this.reg & 7];
    return `${name}${SUFFIX[size]}\t${this.e(size)}`;
  }

  /** Decodes inc and dec, indirect calls and jumps, and push. */
  #counting(op: number, size: Size): string | undefined {
    this.modRm();
    const kind = this.reg & 7;
    if (kind < 2) return `${kind === 0 ? "inc" : "dec"}${SUFFIX[size]}\t${this.e(size)}`;
    if (op === 0xfe) return undefined;
    if (kind === 2) return `callq\t*${this.e(8)}`;
    if (kind === 4) return `jmpq\t*${this.e(8)}`;
    return kind === 6 ? `pushq\t${this.e(8)}` : undefined;
  }

  #exchangeWithA(op: number): string {
    const number = (op & 7) | this.extendedB();
    if (number === 0) return "nop";
    const size = this.size();
    return `xchg${SUFFIX[size]}\t${this.register(number, size)}, ${this.register(0, size)}`;
  }

  #extension(word: string, long: string, quad: string): string {
    if (this.wide()) return quad;
    return this.narrow ? word : long;
  }

  #moveImmediate(op: number): string {
    const size = this.size();
    const register = this.register((op & 7) | this.extendedB(), size);
    if (size < 8) return `mov${SUFFIX[size]}\t$${this.immediate(size)}, ${register}`;
    const value = this.view.getBigInt64(this.at, true);
    this.at += 8;
    return `movabsq\t$${value}, ${register}`;
  }

  #twoBytes(op: number): string | undefined {
    const size = this.size();
    if (this.repeat > 0) return this.#twoBytesRepeated(op, size);
    const condition = CONDITIONS[op & 15];
    switch (op & 0xf0) {
      case 0x40:
        return this.#eToG(`cmov${condition}`, size);
      case 0x80:
        return `j${condition}\t${this.target(this.i32())}`;
      case 0x90:
        this.modRm();
        return `set${condition}\t${this.e(1)}`;
    }
    if (op >= 0xc8 && op < 0xd0) return `bswap${SUFFIX[size]}\t${this.register((op & 7) | this.extendedB(), size)}`;
    switch (op) {
      case 0x01:
        return this.u8() === 0xf9 ? "rdtscp" : undefined;
      case 0x0d:
        this.modRm();
        return this.memory && `prefetch${(this.reg & 7) === 0 ? "" : "w"}\t${this.memory}`;
      case 0x18:
        this.modRm();
        return this.memory && PREFETCHES[this.reg & 7] && `${PREFETCHES[this.reg & 7]}\t${this.memory}`;
      case 0x1f:
        this.modRm();
        return `nop${SUFFIX[size]}\t${this.e(size)}`;
      case 0xa3:
      case 0xab:
      case 0xb3:
      case 0xbb:
        return this.#gToE(BIT_TESTS[(op >> 3) & 3] ?? "", size);
      case 0xba:
        this.modRm();
        if ((this.reg & 7) < 4) return undefined;
        return `${BIT_TESTS[this.reg & 3]}${SUFFIX[size]}\t$${this.u8()}, ${this.e(size)}`;
      case 0xae:
        this.modRm();
        return this.memory === undefined ? FENCES[this.reg & 7] : undefined;
      case 0xaf:
        return this.#eToG("imul", size);
      case 0xb0:
      case 0xb1:
        return this.#gToE("cmpxchg", op === 0xb0 ? 1 : size);
      case 0xb6:
      case 0xb7:
      case 0xbe:
      case 0xbf: {
        this.modRm();
        const from = (op & 1) === 0 ? 1 : 2;
        return `mov${op < 0xb8 ? "z" : "s"}${SUFFIX[from]}${SUFFIX[size]}\t${this.e(from)}, ${this.g(size)}`;
      }
      case 0xbc:
        return this.#eToG("bsf", size);
      case 0xbd:
        return this.#eToG("bsr", size);
      case 0xc0:
      case 0xc1:
        return this.#gToE("xadd", op === 0xc0 ? 1 : size);
      case 0xc7:
        return this.#randomOrExchange(size);
      default:
        return PLAIN_TWO[op];
    }
  }

  #twoBytesRepeated(op: number, size: Size): string | undefined {
    if (this.repeat !== 0xf3) return undefined;
    if (op === 0x1e) return this.u8() === 0xfa ? "endbr64" : undefined;
    const name = ({ 184: "popcnt", 188: "tzcnt", 189: "lzcnt" } as Record<number, string>)[op];
    return name && this.#eToG(name, size);
  }

  #randomOrExchange(size: Size): string | undefined {
    this.modRm();
    const kind = this.reg & 7;
    if (this.memory !== undefined)
      return kind === 1 ? `cmpxchg${this.wide() ? "16b" : "8b"}\t${this.memory}` : undefined;
    return kind >= 6 ? `${kind === 6 ? "rdrand" : "rdseed"}${SUFFIX[size]}\t${this.e(size)}` : undefined;
  }

  /** Decodes shifts that do not change the flags (BMI2). The JIT emits no other instructions with a VEX prefix. */
  #vex(): string | undefined {
    const first = this.u8();
    const second = this.u8();
    // The VEX prefix contains the bits R, X and B of a REX prefix, but inverted. The bit W is bit 7 of the second byte.
    this.rex = ((~first >> 5) & 7) | ((second >> 4) & 8);
    const operand = (~second >> 3) & 15;
    const name = ["", "shlx", "sarx", "shrx"][second & 3];
    if ((first & 31) !== 2 || (second & 4) !== 0 || !name || this.u8() !== 0xf7) return undefined;
    const size = this.wide() ? 8 : 4;
    this.modRm();
    return `${name}${SUFFIX[size]}\t${this.register(operand, size)}, ${this.e(size)}, ${this.g(size)}`;
  }

  #gToE(name: string, size: Size): string {
    this.modRm();
    return `${name}${SUFFIX[size]}\t${this.g(size)}, ${this.e(size)}`;
  }

  #eToG(name: string, size: Size): string {
    this.modRm();
    return `${name}${SUFFIX[size]}\t${this.e(size)}, ${this.g(size)}`;
  }
}
