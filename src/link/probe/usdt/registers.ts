/**
 * Returns the byte offset of a register in `struct pt_regs`, by its assembler name (arch/x86/include/asm/ptrace.h,
 * arch/arm64/include/uapi/asm/ptrace.h, arch/riscv/include/uapi/asm/ptrace.h).
 */
export function registerOffset(name: string, arch: string): number | undefined {
  switch (arch) {
    case "x64":
      return X86.get(name);
    case "arm64": {
      const number = /^x(\d+)$/.exec(name)?.[1];
      if (number !== undefined) return Number(number) < 31 ? Number(number) * 8 : undefined;
      return name === "sp" ? 31 * 8 : undefined;
    }
    case "riscv64": {
      const index = RISCV.indexOf(name);
      return index < 1 ? undefined : index * 8;
    }
    default:
      return undefined;
  }
}

/** `struct pt_regs` in order, each register with its names for 64, 32, 16 and 8 bits. */
const X86_REGISTERS = [
  "r15 r15d r15w r15b",
  "r14 r14d r14w r14b",
  "r13 r13d r13w r13b",
  "r12 r12d r12w r12b",
  "rbp ebp bp bpl",
  "rbx ebx bx bl",
  "r11 r11d r11w r11b",
  "r10 r10d r10w r10b",
  "r9 r9d r9w r9b",
  "r8 r8d r8w r8b",
  "rax eax ax al",
  "rcx ecx cx cl",
  "rdx edx dx dl",
  "rsi esi si sil",
  "rdi edi di dil",
  "orig_rax",
  "rip eip",
  "cs",
  "eflags",
  "rsp esp sp spl",
] as const;
const X86: ReadonlyMap<string, number> = new Map(
  X86_REGISTERS.flatMap((names, i) => names.split(" ").map((name) => [name, i * 8] as const)),
);

/** The registers of `struct user_regs_struct` in order. */
const RISCV: readonly string[] =
  "pc ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6".split(" ");
