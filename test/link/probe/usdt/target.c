// A program for USDT tests, without a library: for each byte that it reads it passes its probes, and answers with the
// number of its process's semaphore. `make.sh` here builds it twice: at a fixed address, and at any.
#define BASE                                                             \
  ".ifndef _.stapsdt.base\n"                                             \
  ".pushsection .stapsdt.base,\"aG\",@progbits,.stapsdt.base,comdat\n"   \
  ".weak _.stapsdt.base\n"                                               \
  ".hidden _.stapsdt.base\n"                                             \
  "_.stapsdt.base: .space 1\n"                                           \
  ".size _.stapsdt.base, 1\n"                                            \
  ".popsection\n"                                                        \
  ".endif\n"

// A nop, and the note that says where it is (https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation).
#define PROBE(name, semaphore, arguments)         \
  "990: nop\n"                                    \
  ".pushsection .note.stapsdt,\"\",@note\n"       \
  ".balign 4\n"                                   \
  ".4byte 992f-991f, 994f-993f, 3\n"              \
  "991: .asciz \"stapsdt\"\n"                     \
  "992: .balign 4\n"                              \
  "993: .8byte 990b\n"                            \
  ".8byte _.stapsdt.base\n"                       \
  ".8byte " semaphore "\n"                        \
  ".asciz \"bpfts\"\n"                            \
  ".asciz \"" name "\"\n"                         \
  ".asciz \"" arguments "\"\n"                    \
  "994: .balign 4\n"                              \
  ".popsection\n" BASE

__attribute__((section(".probes"), visibility("hidden"))) unsigned short guarded_semaphore = 0;

static long call(long number, long a, long b, long c) {
  long result;
  asm volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}

__attribute__((noinline)) static void probes(void) {
  long memory[4] = {0x1111, -2, 0x3333, 0x4444};
  asm volatile(PROBE("plain", "0", "") : :);
  asm volatile(
      "mov $0x1122334455667788, %%rax\n"
      "mov $-5, %%ebx\n"
      "mov $0xfedc, %%cx\n"
      "mov $2, %%r8\n" PROBE("values", "0", "8@%%rax -4@%%ebx 2@%%cx -1@%%al -4@$-42 -8@8(%%rdi) 8@8(%%rdi,%%r8,8) 8@(%%rdi)")
      :
      : "D"(memory)
      : "rax", "rbx", "rcx", "r8", "memory");
  // One USDT in two places, which say differently where its argument is.
  asm volatile("mov $7, %%edx\n" PROBE("twice", "0", "4@%%edx") : : : "rdx");
  asm volatile("mov $8, %%esi\n" PROBE("twice", "0", "4@%%esi") : : : "rsi");
  if (guarded_semaphore > 0) asm volatile(PROBE("guarded", "guarded_semaphore", "4@$9") : :);
}

void _start(void) {
  char byte;
  while (call(0, 0, (long)&byte, 1) == 1) {
    probes();
    byte = (char)guarded_semaphore;
    call(1, 1, (long)&byte, 1);
  }
  call(60, 0, 0, 0);
}
