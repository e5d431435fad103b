import type { Kind } from "./kind.ts";

/** Accesses to memory that the verifier cannot prove to be safe. */
export const MEMORY_KINDS: readonly Kind[] = [
  {
    code: "BPF-E0101",
    name: "packet-range",
    class: "program",
    title: "The program accesses a part of the packet that no check has proven to exist",
    meaning:
      "A program may read a byte of the packet only after it compared a pointer behind that byte with data_end, on the path that leads to the access. The kernel prints how far the access reaches (off + size) and how many bytes are proven (r). A variable offset that is added after the comparison starts a new proof at r=0, and so does a helper that may move the packet.",
    patterns: [
      /^invalid access to packet, off=(?<off>-?\d+) size=(?<size>\d+), (?<reg>R\d+)\(id=\d+,off=-?\d+,r=(?<proven>\d+)\)/,
      /^(?<reg>R\d+) offset is outside of the packet/,
      /^invalid access to packet/,
    ],
    register: "base",
    what: [
      "The program accesses {size} byte(s) at offset {off} of the packet, and no comparison proves that any of it exists{nothing}.",
      "The program accesses {size} byte(s) at offset {off} of the packet, but only the first {proven} byte(s) are proven to exist.",
      "The program accesses bytes of the packet that are not proven to exist.",
    ],
    remedies: [
      "Instruction {added} adds a variable offset, and nothing was compared since: compare the new pointer with data_end, for at least {end} byte(s).",
      "Raise the bound of the last comparison: it proves {provenSome} byte(s), and the access needs {end}.",
      "Check the very pointer that is dereferenced, for example: if ((void *)(p + 1) > data_end) return 0;",
      "After a helper that may move the packet (bpf_xdp_adjust_head, bpf_skb_pull_data, bpf_skb_store_bytes, …), read ctx->data and ctx->data_end again and repeat the check. Bound a variable offset (off &= 0xff) before you add it.",
    ],
  },
  {
    code: "BPF-E0102",
    name: "null-dereference",
    class: "program",
    title: "The program uses a pointer that may be NULL",
    meaning:
      "A lookup, a reservation or a similar call returns NULL if there is nothing. The program dereferences the result on a path on which it was not compared with NULL, or compares another copy than the one that it dereferences.",
    patterns: [/^(?<reg>R\d+) invalid mem access '(?<type>\w{1,64}_or_null)'/],
    register: "base",
    what: ["{reg} is {value}, and no check on this path excludes NULL."],
    remedies: [
      "Compare the result of {origin} with NULL right after the call, and return if it is NULL: if (!p) return 0;",
      "Return on the NULL branch, or keep the access inside the branch in which the pointer is not NULL. A flag that remembers the check does not help: the verifier follows pointers, not flags.",
      "Dereference the same variable that you compared, before another call or a merge of branches replaces it.",
    ],
  },
  {
    code: "BPF-E0103",
    name: "number-as-pointer",
    class: "program",
    title: "The program uses a number as a pointer",
    meaning:
      "The verifier lost track that this register is a pointer, or it never was one: it is a kernel address that was read as plain data, a pointer that was stored in an integer, a pointer after a helper that invalidated it, or the merge of a pointer and a number.",
    patterns: [/^(?<reg>R\d+) invalid mem access '(?:scalar|inv)'/],
    register: "base",
    what: ["{reg} is {value}, not a pointer, so the program cannot read or write memory through it."],
    remedies: [
      "{invalidated} invalidated the pointer. Read it again after the call, or move the access before the call.",
      {
        unless: "invalidated",
        text: "In a tracing program, read kernel memory with bpf_probe_read_kernel() or BPF_CORE_READ() instead of dereferencing the address.",
      },
      "Keep the pointer in a pointer variable: do not cast it to an integer of 32 bits, do not pack it into other data, and compile with -O2.",
    ],
    kernels: "Kernels before 5.18 print 'inv' instead of 'scalar'.",
    confidence: "likely",
  },
  {
    code: "BPF-E0104",
    name: "map-value-range",
    class: "program",
    title: "The access may run past the map value",
    meaning:
      "The offset and size of the access are not proven to lie inside the value. The kernel prints the value's size and the largest offset that the register may have.",
    patterns: [
      /^invalid access to map value, value_size=(?<valueSize>\d+) off=(?<off>-?\d+) size=(?<size>\d+)/,
      /^invalid access to map value/,
    ],
    register: "base",
    what: [
      "The program accesses {size} byte(s) at offset {off}, but the map value has only {valueSize} byte(s).",
      "The program may access bytes behind the map value.",
    ],
    remedies: [
      "Bound the index before you use it, so that the offset is at most {last}: if (i >= N) return 0; or i &= N - 1;",
      'Use the bounded copy: if the compiler reads the index again after the check, keep it in a local variable and pin it with asm volatile("" : "+r"(i)).',
      "If the offset is intended, make the map value larger.",
    ],
  },
  {
    code: "BPF-E0105",
    name: "memory-range",
    class: "program",
    title: "The access may run past a buffer",
    meaning:
      "A record of a ring buffer, a slice of a dynptr, a map key or another sized memory is accessed outside of its size.",
    patterns: [
      /^invalid access to memory, mem_size=(?<valueSize>\d+) off=(?<off>-?\d+) size=(?<size>\d+)/,
      /^invalid access to (?:map key|context), \w{1,32}=(?<valueSize>\d+) off=(?<off>-?\d+) size=(?<size>\d+)/,
      /^invalid access to (?:memory|map key|context)/,
      /^(?<reg>R\d+) invalid (?:\w{1,16} )?buffer access: off=(?<off>-?\d+), size=(?<size>\d+)/,
    ],
    register: "base",
    what: [
      "The program accesses {size} byte(s) at offset {off}, but the memory has only {valueSize} byte(s).",
      "The program may access bytes outside of the memory.",
    ],
    remedies: [
      "Ask for at least {end} bytes where the memory is made: in bpf_ringbuf_reserve(), bpf_dynptr_slice() or bpf_dynptr_data().",
      "Use sizeof(*p) of the type that you access as the size, so that both sizes cannot differ.",
      "Bound a variable offset before the access.",
    ],
  },
  {
    code: "BPF-E0106",
    name: "negative-offset",
    class: "program",
    title: "An offset or a length may be negative",
    meaning:
      "The number is signed, or was read from memory, and the verifier cannot exclude that it is below zero. Sign extension of an int often causes this.",
    patterns: [/^(?<reg>R\d+) min value is negative/],
    register: "base",
    what: ["{reg} may be negative: it is {value}."],
    remedies: [
      "Use an unsigned variable, for example __u32, for the offset or length.",
      "Check it before the use: if (n < 0) return 0; or mask it: n &= MAX;",
    ],
  },
  {
    code: "BPF-E0107",
    name: "unbounded-access",
    class: "program",
    title: "An offset or a length has no upper bound",
    meaning: "The verifier knows no largest value of the number that is an offset or a length.",
    patterns: [/^(?<reg>R\d+) unbounded memory access/],
    register: "base",
    what: ["{reg} has no upper bound: it is {value}."],
    remedies: [
      "Bound the number right before the use: if (n > MAX) n = MAX; or n &= MAX - 1;",
      'If the check is there but the compiler uses another copy, pin the copy with asm volatile("" : "+r"(n)).',
    ],
  },
  {
    code: "BPF-E0108",
    name: "zero-length",
    class: "program",
    title: "A helper's length may be zero",
    meaning: "This helper does not accept a length of zero, and the verifier cannot exclude zero.",
    patterns: [/^(?<reg>R\d+) invalid zero-sized read/],
    register: "base",
    what: ["The length {reg} of {call} may be zero: it is {value}.", "The length {reg} may be zero."],
    remedies: ["Check the length before the call: if (n == 0) return 0;", "Pass a constant length above zero."],
  },
  {
    code: "BPF-E0109",
    name: "lowest-offset-outside",
    class: "program",
    title: "The lowest possible offset lies outside of the memory",
    meaning: "The smallest value that the offset may have is already outside of the allowed memory.",
    patterns: [/^(?<reg>R\d+) min value is outside of the (?:allowed memory range|array range)/],
    register: "base",
    what: ["Even the lowest offset that {reg} may have lies outside of the memory."],
    remedies: [
      "Compare the index or offset with the memory's size before the access.",
      "Use a constant offset that lies inside the memory.",
    ],
  },
  {
    code: "BPF-E0110",
    name: "highest-offset-outside",
    class: "program",
    title: "The highest possible offset lies outside of the memory",
    meaning:
      "The largest value that the offset may have, plus the size of the access, is outside of the allowed memory. The check is missing or allows too much.",
    patterns: [/^(?<reg>R\d+) max value is outside of the (?:allowed memory range|array range)/],
    register: "base",
    what: ["The highest offset that {reg} may have lies outside of the memory."],
    remedies: [
      "Make the bound smaller by the size of the access: if (off > SIZE - sizeof(x)) return 0;",
      "Mask the index with a power of two that fits: i &= N - 1;",
    ],
  },
  {
    code: "BPF-E0111",
    name: "stack-uninitialised",
    class: "program",
    title: "Bytes of the stack are read that were never written",
    meaning:
      "The program, or a helper that it calls, reads bytes of a local variable that no path has written. Often these are the padding bytes of a struct, or the size given to the helper is larger than the variable.",
    patterns: [
      /^invalid (?:indirect )?read from stack (?<reg>R\d+) off (?<off>-?\d+)(?:\+(?<at>\d+))? size (?<size>\d+)/,
      /^invalid read from stack (?<reg>R\d+) off=(?<off>-?\d+) size=(?<size>\d+)/,
      /^invalid (?:indirect )?read from stack off (?<off>-?\d+)\+(?<at>-?\d+) size (?<size>\d+)/,
      /^invalid (?:indirect )?(?:read from|access to) stack/,
    ],
    register: "stack",
    what: [
      "The program reads {size} byte(s) of the stack at fp{off}, which hold a {special}; programs may not read or copy it.",
      "{call} reads {size} byte(s) of the stack at fp{off}, but only {room} byte(s) lie between there and the end of the stack.",
      "{call} reads {size} byte(s) of the stack at fp{off}, and the program did not write all of them.",
      "The program reads {size} byte(s) of the stack at fp{off} that were never written, or that no longer hold what it expects.",
      "The program reads bytes of the stack that were never written.",
    ],
    remedies: [
      "Do not copy a {special}: pass the address of the original to the functions that work on it.",
      "Make the variable {size} bytes large, or pass a size of at most {room}. The variable of a key or value must be as large as the map's.",
      {
        unless: "special",
        text: "Clear the whole variable, with its padding, before you fill it: __builtin_memset(&x, 0, sizeof(x));",
      },
      {
        unless: "special",
        text: "Pass sizeof() of the variable itself to the helper: this read needs {size} written bytes.",
      },
    ],
  },
  {
    code: "BPF-E0112",
    name: "stack-variable-offset",
    class: "program",
    title: "The stack is accessed at an offset that is not constant",
    meaning:
      "The verifier must know which bytes of the stack an access touches. Here the index is a variable without sufficient bounds, or the access is of a kind that needs a constant.",
    patterns: [
      /^invalid (?:unbounded )?variable-offset (?:\w{1,16} )?(?:read|write|access) (?:from|to|of)? ?stack (?<reg>R\d+)/,
      /variable-offset (?:read|write|access|indirect|stack)|variable stack (?:access|read|write)|unbounded variable-offset/,
    ],
    register: "base",
    what: [
      "The program accesses its stack through {reg} at an offset that the verifier cannot bound.",
      "The program accesses its stack at an offset that is not constant.",
    ],
    remedies: [
      "Bound the index before the access, on the same path: if (i >= N) return 0;",
      "Keep the array in a map instead of the stack, for example in a per-CPU array.",
      "Unroll the loop, so that each index is a constant.",
    ],
  },
  {
    code: "BPF-E0113",
    name: "stack-write",
    class: "program",
    title: "A write to the stack is not allowed",
    meaning:
      "The program writes outside of its stack frame of 512 bytes, or overwrites a part of a pointer that was saved there.",
    patterns: [
      /^invalid write to stack (?<reg>R\d+) off=(?<off>-?\d+) size=(?<size>\d+)/,
      /^invalid (?:write to stack|stack type|size of register spill)|corrupted spill memory|^attempt to corrupt spilled/,
      /^invalid stack (?:off|access)/,
    ],
    register: "base",
    what: [
      "The program writes {size} byte(s) at fp{off}, which is not inside its stack frame.",
      "The program writes to a place of the stack where it may not.",
    ],
    remedies: [
      "Keep the index inside the array; the stack frame reaches from fp-512 to fp-1.",
      "Move large buffers to a per-CPU array map.",
    ],
  },
  {
    code: "BPF-E0114",
    name: "read-only-write",
    class: "program",
    title: "The program writes to memory that it may only read",
    meaning:
      "The target is a constant, a frozen or read-only map, a packet of a program type that may not change it, or a kernel object.",
    patterns: [
      /^(?<reg>R\d+) cannot write into (?<type>[\w-]{1,64})/,
      /^write into (?<type>[\w ]{1,64}) forbidden|^write into map forbidden/,
      /read from map forbidden|only read is supported|not allow writes|write to change key|^cannot write into/,
    ],
    register: "base",
    what: [
      "The program writes to {type}, which it may only read.",
      "The program writes to memory that it may only read.",
    ],
    remedies: [
      "Write to a copy, for example a variable on the stack.",
      "Declare the variable without const, so that it lies in .data instead of .rodata; create the map without BPF_F_RDONLY_PROG.",
    ],
  },
  {
    code: "BPF-E0115",
    name: "misaligned-access",
    class: "program",
    title: "The access is not aligned to its size",
    meaning: "Where the verifier asks for alignment, an access of 8 bytes must be at a multiple of 8, and so on.",
    patterns: [/^misaligned (?<type>\w{1,32}) access off (?<off>[^ ]{1,64}) size (?<size>\d+)/, /^misaligned /],
    register: "base",
    what: ["The access of {size} byte(s) to the {type} is not aligned.", "The access is not aligned to its size."],
    remedies: [
      "Align the member in its struct, or copy it with __builtin_memcpy from a packed struct.",
      "Access the same bytes with smaller loads.",
    ],
  },
  {
    code: "BPF-E0116",
    name: "pointer-kind",
    class: "program",
    title: "A pointer of this kind cannot be dereferenced",
    meaning: "The register is a pointer, but of a kind through which a program may not read or write memory.",
    patterns: [/^(?<reg>R\d+) invalid mem access '(?<type>[\w ]{1,64})'/],
    register: "base",
    what: ["{reg} is {value}, and memory cannot be accessed through it."],
    remedies: [
      "To reach an element of a map, call bpf_map_lookup_elem() and use the pointer that it returns.",
      "Use the helper that reads this kind of object.",
    ],
  },
];
