import { BAD_CODE, type Disassembler } from "../../asm/index.ts";

/** The part of capstone-js that this file uses. */
export interface Capstone {
  readonly ARCH_ARM64: number;
  readonly MODE_ARM: number;
  readonly Capstone: new (
    architecture: number,
    mode: number,
  ) => {
    /** Throws a string if the bytes are not a valid instruction. */
    disasm(code: Uint8Array, address: bigint, count: number): { readonly mnemonic: string; readonly op_str: string }[];
  };
}

const LENGTH = 4;
/** Matches the branch instructions. LLVM writes their target addresses without `#`. */
const BRANCH = /^(b|bl|b\..*|cbn?z|tbn?z)$/;
/**
 * Matches the instructions whose immediate operand is a bit pattern or a code. LLVM writes these operands in
 * hexadecimal.
 */
const LOGICAL = /^(brk|ands?|orr|eor|tst|bics?|orn|eon)$/;
const SYSTEM = /^(mrs|msr)$/;

/**
 * Disassembles arm64 code in the form of LLVM's output. Capstone is based on an older version of LLVM. It prints
 * numbers and system registers in another form, so this function rewrites them.
 */
export function arm64Disassembler(capstone: Capstone): Disassembler {
  const decoder = new capstone.Capstone(capstone.ARCH_ARM64, capstone.MODE_ARM);
  return function* (code, address) {
    for (let at = 0; at + LENGTH <= code.length; at += LENGTH) {
      const place = address + BigInt(at);
      yield { at, length: LENGTH, text: textOf(decoder, code.subarray(at, at + LENGTH), place) };
    }
  };
}

function textOf(decoder: InstanceType<Capstone["Capstone"]>, code: Uint8Array, address: bigint): string {
  let name: string;
  let operands: string;
  try {
    const [found] = decoder.disasm(code, address, 1);
    if (found === undefined) return BAD_CODE;
    ({ mnemonic: name, op_str: operands } = found);
  } catch {
    return BAD_CODE;
  }
  if (operands === "") return name;
  if (BRANCH.test(name)) operands = operands.replace("#0x", "0x");
  else if (SYSTEM.test(name))
    operands = operands.replace(/\w+/g, (word) => (word === "daif" || /_el\d$/.test(word) ? word.toUpperCase() : word));
  else {
    operands = operands.replace(/#(-?)(0x[0-9a-f]+|\d+)/g, (_, sign: string, digits: string) => {
      const value = BigInt(digits);
      if (name === "adr") return `#${BigInt.asIntN(64, value - address)}`;
      return LOGICAL.test(name) ? `#${sign}0x${value.toString(16)}` : `#${sign}${value}`;
    });
  }
  return `${name}\t${operands}`;
}
