// The names of x86-64 registers and instructions in AT&T syntax. The numbers in machine code are the indexes.

export const QUADS: readonly string[] = names("rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15");
export const LONGS: readonly string[] = names("eax ecx edx ebx esp ebp esi edi r8d r9d r10d r11d r12d r13d r14d r15d");
export const WORDS: readonly string[] = names("ax cx dx bx sp bp si di r8w r9w r10w r11w r12w r13w r14w r15w");
export const BYTES: readonly string[] = names("al cl dl bl spl bpl sil dil r8b r9b r10b r11b r12b r13b r14b r15b");
/** The names of byte registers 4 to 7 in an instruction without a REX prefix. */
export const HIGH_BYTES: readonly string[] = names("ah ch dh bh");
export const CONDITIONS: readonly string[] = "o no b ae e ne be a s ns p np l ge le g".split(" ");
export const ARITHMETIC: readonly string[] = "add or adc sbb and sub xor cmp".split(" ");
export const SHIFTS: readonly string[] = "rol ror rcl rcr shl shr shl sar".split(" ");
export const BIT_TESTS: readonly string[] = "bt bts btr btc".split(" ");
export const SEGMENTS: Readonly<Record<number, string>> = {
  46: "%cs:",
  54: "%ss:",
  62: "%ds:",
  38: "%es:",
  100: "%fs:",
  101: "%gs:",
};
/** The instructions without operands, by their opcode of one or two bytes. */
export const PLAIN: Readonly<Record<number, string>> = {
  156: "pushfq",
  157: "popfq",
  195: "retq",
  201: "leave",
  204: "int3",
  244: "hlt",
  250: "cli",
  251: "sti",
};
export const PLAIN_TWO: Readonly<Record<number, string>> = { 5: "syscall", 11: "ud2", 49: "rdtsc", 162: "cpuid" };
export const FENCES: Readonly<Record<number, string>> = { 5: "lfence", 6: "mfence", 7: "sfence" };
export const PREFETCHES: readonly string[] = names("prefetchnta prefetcht0 prefetcht1 prefetcht2", "");

/** The size of an operand in bytes. */
export type Size = 1 | 2 | 4 | 8;
export const SUFFIX: Readonly<Record<Size, string>> = { 1: "b", 2: "w", 4: "l", 8: "q" };

function names(text: string, prefix = "%"): readonly string[] {
  return text.split(" ").map((name) => prefix + name);
}
