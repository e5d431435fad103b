import type { Kind } from "./kind.ts";

/** Registers, arithmetic on pointers, and the context. */
export const POINTER_KINDS: readonly Kind[] = [
  {
    code: "BPF-E0201",
    name: "uninitialised-register",
    class: "program",
    title: "A register is read that was never written on this path",
    meaning:
      "A function returns without a value, a variable is set on one branch only, or R1 to R5 are read after a call, which destroys them.",
    patterns: [/^(?<reg>R\d+) !read_ok/],
    what: ["{reg} is read, but nothing wrote it on this path."],
    remedies: [
      "Give every path of the function a return value.",
      "Initialise the variable where you declare it.",
      "In assembly: a call destroys R1 to R5; keep values in R6 to R9.",
    ],
  },
  {
    code: "BPF-E0202",
    name: "pointer-bounds",
    class: "program",
    title: "The number that is added to a pointer has no sufficient bounds",
    meaning:
      "Before a variable is added to a pointer, the verifier must know its smallest and largest value. A signed variable has no lower bound until the program checks it.",
    patterns: [
      /^math between (?<pointer>\w{1,64}) pointer and (?:register with unbounded (?<side>min|max) value|-?\d+) is not allowed/,
      /^math between /,
      /makes (?<pointer>\w{1,64}) pointer be out of bounds/,
      /pointer offset -?\d+ is not allowed|has unknown scalar with mixed signed bounds|^value -?\d+ makes /,
    ],
    register: "operand",
    what: [
      "The number in {reg} that is added to the {pointer} pointer has no {side}imum: it is {value}.",
      "The number that is added to the {pointer} pointer is not sufficiently bounded.",
      "The number that is added to the pointer is not sufficiently bounded.",
    ],
    remedies: [
      "Make the index unsigned (__u32), and check it before you add it: if (i >= N) return 0;",
      "If it must be signed, check both sides: if (i < 0 || i >= N) return 0;",
      "Mask it with a constant right before the use: i &= N - 1;",
    ],
  },
  {
    code: "BPF-E0203",
    name: "null-arithmetic",
    class: "program",
    title: "An offset is added to a pointer that may be NULL",
    meaning: "The program indexes the result of a lookup before it compares the result with NULL.",
    patterns: [/^(?<reg>R\d+) pointer arithmetic on (?<type>\w{1,64}_or_null) prohibited/],
    register: "result",
    what: ["The program adds an offset to {reg}, which is {value} and was not compared with NULL."],
    remedies: [
      "Compare the result of {origin} with NULL before you index it.",
      "Compare the pointer with NULL first, and add the offset after that.",
    ],
  },
  {
    code: "BPF-E0204",
    name: "pointer-arithmetic",
    class: "program",
    title: "This arithmetic is not allowed on a pointer",
    meaning:
      "Only addition and subtraction of bounded numbers in 64 bits keep a pointer a pointer. Shifts, masks, 32-bit arithmetic and the difference of unrelated pointers are refused.",
    patterns: [
      /^(?<reg>R\d+) pointer arithmetic with (?<operator>[^ ]{1,8}) operator prohibited/,
      /^(?<reg>R\d+) pointer arithmetic on (?<type>\w{1,64}) prohibited/,
      /^(?<reg>R\d+) 32-bit pointer arithmetic prohibited/,
      /^(?<reg>R\d+) bitwise operator (?<operator>[^ ]{1,8}) on pointer prohibited/,
      /^(?<reg>R\d+) tried to (?:subtract|add) (?:pointer )?from (?:scalar|different)|tried to subtract pointer|tried to .{1,32} from different|subtract.{0,32}stack pointer/,
    ],
    register: "result",
    what: [
      "The program applies {operator} to {reg}, which is {value}.",
      "The program computes with {reg}, which is {value}; this is not allowed for such a pointer.",
      "The program does arithmetic on a pointer that is not allowed.",
    ],
    remedies: [
      "Keep the pointer in a pointer variable, and do not pass it through integers: no shifts, no masks, no casts to 32 bits.",
      "Compute the offset in an integer first, bound it, and add it to the base pointer in one step.",
      "If the source has no such arithmetic, the compiler introduced it for a 32-bit variable: use 64-bit types for pointers and offsets.",
    ],
  },
  {
    code: "BPF-E0205",
    name: "mixed-pointers",
    class: "compiler",
    title: "One instruction is used with pointers of different kinds",
    meaning:
      "The compiler merged accesses of two branches into one instruction. On one path it would access one kind of memory, on the other path another kind.",
    patterns: [/same insn cannot be used with different pointers|cannot be used with and without arena/],
    register: "base",
    what: ["This instruction accesses different kinds of memory on different paths."],
    remedies: [
      'Keep the compiler from merging the branches: put asm volatile("" ::: "memory") into one of them.',
      "Move each access into its own __noinline function, or read into a local variable in each branch.",
    ],
  },
  {
    code: "BPF-E0206",
    name: "pointer-comparison",
    class: "program",
    title: "These pointers may not be compared",
    meaning:
      "Without the right to see kernel addresses, a program may compare pointers only with NULL, and packet pointers with data_end.",
    patterns: [/^(?<reg>R\d+) pointer comparison prohibited/],
    what: ["The program compares {reg}, which is {value}, in a way that would reveal an address."],
    remedies: [
      "Compare packet pointers with data_end, and other pointers with NULL only.",
      "Load the program with CAP_PERFMON.",
    ],
  },
  {
    code: "BPF-E0207",
    name: "context-field",
    class: "program",
    title: "This field of the context may not be accessed here",
    meaning:
      "Each program type may read and write only certain fields of its context, at certain widths, and the field must exist in this kernel.",
    patterns: [/^invalid bpf_context access off=(?<off>-?\d+) size=(?<size>\d+)/, /^invalid bpf_context access/],
    register: "base",
    what: [
      "The program accesses {size} byte(s) at offset {off} of its context, which this program type may not do.",
      "The program accesses a field of its context that this program type may not access.",
    ],
    remedies: [
      "Look up which fields this program type may read or write; check the SEC() name, which gives the type.",
      "Access the field with its full width: a compiler or cast that narrows it may make an access that is refused.",
      "Check that this kernel has the field; newer fields do not exist in older kernels.",
    ],
    confidence: "likely",
  },
  {
    code: "BPF-E0208",
    name: "context-modified",
    class: "compiler",
    title: "The context pointer was changed before the access",
    meaning:
      "Fields of the context must be read with a constant offset from the unchanged context pointer. Here an offset was added to the pointer first, in the source or by the compiler.",
    patterns: [
      /dereference of modified (?<type>\w{1,64}) ptr (?<reg>R\d+) off=(?<off>-?\d+)/,
      /dereference of modified|variable ctx access|negative offset ctx ptr/,
    ],
    register: "base",
    what: [
      "The pointer in {reg} was changed by {off} before the access.",
      "The context pointer was changed before the access.",
    ],
    remedies: [
      "Access ctx->field directly, and do not take the address of a field.",
      'Compile with -O2, and separate merged accesses with asm volatile("" ::: "memory").',
    ],
    confidence: "likely",
  },
  {
    code: "BPF-E0209",
    name: "address-leak",
    class: "program",
    title: "A kernel address would become visible to user space",
    meaning: "Without CAP_PERFMON a program may not store pointers in maps, return them, or compare them.",
    patterns: [/^(?<reg>R\d+) leaks addr|leaks addr/],
    what: [
      "{reg} holds a kernel address that user space could read afterwards.",
      "A kernel address would become visible to user space.",
    ],
    remedies: ["Do not store or return the pointer.", "Load the program with CAP_PERFMON."],
  },
  {
    code: "BPF-E0210",
    name: "socket-field",
    class: "program",
    title: "This field of a socket may not be accessed",
    meaning: "Only certain fields of struct bpf_sock and its relatives may be accessed, at certain widths.",
    patterns: [
      /^(?<reg>R\d+) invalid (?<type>sock|sock_common|tcp_sock|xdp_sock) access off=(?<off>-?\d+) size=(?<size>\d+)/,
      /invalid sock access|cannot update sockmap|sockmap/,
    ],
    register: "base",
    what: [
      "The program accesses {size} byte(s) at offset {off} of the {type}, which is not allowed.",
      "The program accesses a socket in a way that is not allowed.",
    ],
    remedies: [
      "Use the fields of struct bpf_sock at their full width; get the full socket with bpf_sk_fullsock() first.",
    ],
  },
  {
    code: "BPF-E0211",
    name: "unprivileged-speculation",
    class: "environment",
    title: "The program is refused because it is loaded without privileges",
    meaning: "For users without CAP_PERFMON the verifier also follows what a processor may execute speculatively.",
    patterns: [/speculative execution|prohibited for !root|sanitation|prohibited.{0,40}unpriv/],
    what: ["The kernel refuses this for a user without privileges, to prevent speculative leaks."],
    remedies: ["Load the program with CAP_BPF and CAP_PERFMON, or as root."],
  },
];
