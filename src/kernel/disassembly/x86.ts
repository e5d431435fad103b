import type * as Iced from "iced-x86";
import { BAD_CODE, type Disassembler } from "../../asm/index.ts";

const LOCK = 0xf0;
const SUFFIXES: Readonly<Record<number, string>> = { 1: "b", 2: "w", 4: "l", 8: "q" };

/** Names that LLVM spells otherwise than by name and suffix. */
const SPELLED: Readonly<Record<string, string>> = {
  call: "callq",
  ret: "retq",
  cqo: "cqto",
  cdq: "cltd",
  cdqe: "cltq",
  cwde: "cwtl",
  cwd: "cwtd",
  cbw: "cbtw",
  pushfq: "pushfq",
  popfq: "popfq",
};
/** Names with operands but without a suffix, beside the jumps and setcc. */
const BARE = /^(j|set|prefetch|loop|ldmxcsr|stmxcsr)/;
/** The names whose 8-bit immediate is a number, not a count. */
const ARITHMETIC: ReadonlySet<string> = new Set(["mov", "add", "or", "adc", "sbb", "and", "sub", "xor", "cmp", "test"]);

/** How the instructions of one code of iced's are written. */
interface Form {
  /** LLVM's name. */
  readonly name: string;
  /** The operands in the order in which LLVM writes them: the reverse of Intel's. */
  readonly operands: readonly number[];
  /** Of two registers it writes an exchange as Intel does. */
  readonly exchange: boolean;
  /** The target of an indirect call or jump has a star. */
  readonly star: boolean;
  readonly signedByte: boolean;
}

/**
 * Writes x86-64 code as LLVM does in AT&T syntax. iced decodes it; what it knows by numbers, this gives LLVM's names. The
 * tests compare it with what LLVM makes of every form that the kernel's JIT emits.
 */
export function x86Disassembler(iced: typeof Iced): Disassembler {
  const { OpKind } = iced;
  const instruction = new iced.Instruction();
  const forms = new Map<number, Form>();
  const registers = new Map<number, string>();

  const register = (number: number): string => {
    let name = registers.get(number);
    if (name === undefined) {
      name = `%${(iced.Register[number] ?? "").toLowerCase()}`.replace(/^%(r\d+)l$/, "%$1b");
      registers.set(number, name);
    }
    return name;
  };

  const sizeOf = (operand: number): number =>
    instruction.opKind(operand) === OpKind.Register
      ? iced.RegisterExt.size(instruction.opRegister(operand))
      : iced.MemorySizeExt.size(instruction.memorySize);

  const suffix = (operand: number): string => SUFFIXES[sizeOf(operand)] ?? "";

  const nameOf = (name: string, count: number): string => {
    const indirect = count > 0 && !isBranchTarget(instruction.opKind(0));
    if (name === "jmp") return indirect ? "jmpq" : "jmp";
    const spelled = SPELLED[name];
    if (spelled !== undefined) return spelled;
    if (count === 0 || BARE.test(name)) return name;
    switch (name) {
      case "movzx":
        return `movz${suffix(1)}${suffix(0)}`;
      case "movsx":
        return `movs${suffix(1)}${suffix(0)}`;
      case "movsxd":
        return "movslq";
      case "push":
      case "pop":
        return `${name}${isMemoryOrRegister(instruction.opKind(0)) ? suffix(0) : "q"}`;
      case "mov":
        return instruction.opKind(1) === OpKind.Immediate64 ? "movabsq" : `mov${suffix(0)}`;
      default:
        return `${name}${suffix(0)}`;
    }
  };

  const isBranchTarget = (kind: number): boolean => kind === OpKind.NearBranch64;
  const isMemoryOrRegister = (kind: number): boolean => kind === OpKind.Register || kind === OpKind.Memory;

  const formOf = (): Form => {
    const name = (iced.Mnemonic[instruction.mnemonic] ?? "").toLowerCase().replace("reservednop", "nop");
    const count = instruction.opCount;
    const kinds = Array.from({ length: count }, (_, i) => instruction.opKind(i));
    const operands = kinds.map((_, i) => count - 1 - i);
    // A shift by the one that its code implies is written without it.
    const implied = count === 2 && name !== "int" && isImpliedOne(name);
    return {
      name: nameOf(name, count),
      operands: implied || name === "nop" ? operands.slice(-1) : operands,
      exchange: name === "xchg",
      star: (name === "call" || name === "jmp") && count > 0 && !isBranchTarget(kinds[0] ?? 0),
      signedByte: ARITHMETIC.has(name),
    };
  };

  const isImpliedOne = (name: string): boolean =>
    /^(sh[lr]|sa[lr]|ro[lr]|rc[lr])$/.test(name) && (iced.Code[instruction.code] ?? "").endsWith("_1");

  const memory = (next: bigint): string => {
    const base = instruction.memoryBase;
    const index = instruction.memoryIndex;
    const segment = instruction.segmentPrefix;
    let displacement = BigInt.asIntN(64, instruction.memoryDisplacement);
    let text = segment === iced.Register.None ? "" : `${register(segment)}:`;
    if (base === iced.Register.RIP) displacement = BigInt.asIntN(64, displacement - next);
    if (base === iced.Register.None && index === iced.Register.None) {
      return `${text}${BigInt.asIntN(32, displacement)}`;
    }
    if (displacement !== 0n) text += displacement;
    text += `(${base === iced.Register.None ? "" : register(base)}`;
    if (index !== iced.Register.None) {
      const scale = instruction.memoryIndexScale;
      text += `,${register(index)}${scale === 1 ? "" : `,${scale}`}`;
    }
    return `${text})`;
  };

  const operand = (number: number, { signedByte }: Form, next: bigint): string => {
    switch (instruction.opKind(number)) {
      case OpKind.Register:
        return register(instruction.opRegister(number));
      case OpKind.Memory:
        return memory(next);
      case OpKind.NearBranch64:
        return `0x${instruction.nearBranch64.toString(16)}`;
      case OpKind.Immediate8:
        return `$${signedByte ? (instruction.immediate8 << 24) >> 24 : instruction.immediate8}`;
      case OpKind.Immediate16:
        return `$${instruction.immediate16}`;
      case OpKind.Immediate32:
        return `$${instruction.immediate32 >>> 0}`;
      default:
        return `$${BigInt.asIntN(64, instruction.immediate(number))}`;
    }
  };

  const textOf = (next: bigint): string => {
    let form = forms.get(instruction.code);
    if (form === undefined) {
      form = formOf();
      forms.set(instruction.code, form);
    }
    const { name, operands, exchange, star } = form;
    const order = exchange && instruction.opKind(0) === OpKind.Register ? [0, 1] : operands;
    if (order.length === 0) return name;
    return `${name}\t${star ? "*" : ""}${order.map((number) => operand(number, form, next)).join(", ")}`;
  };

  return function* (code, address) {
    const decoder = new iced.Decoder(64, code, iced.DecoderOptions.None);
    try {
      for (let at = 0; at < code.length; ) {
        // LLVM takes the prefix for an instruction of its own.
        if (code[at] === LOCK) {
          yield { at, length: 1, text: "lock" };
          at++;
          continue;
        }
        decoder.position = at;
        decoder.ip = address + BigInt(at);
        decoder.decodeOut(instruction);
        const valid = instruction.code !== iced.Code.INVALID;
        const length = valid ? instruction.length : 1;
        yield { at, length, text: valid ? textOf(address + BigInt(at + length)) : BAD_CODE };
        at += length;
      }
    } finally {
      decoder.free();
    }
  };
}
