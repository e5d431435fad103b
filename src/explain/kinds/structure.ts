import type { Kind } from "./kind.ts";

/** The program's structure, its size, and limits of the verifier. */
export const STRUCTURE_KINDS: readonly Kind[] = [
  {
    code: "BPF-E0501",
    name: "too-complex",
    class: "limit",
    title: "The verifier gave up: the program has too many paths",
    meaning: "The verifier follows all paths and stops after a million instructions (4,096 for unprivileged users).",
    patterns: [
      /^BPF program is too large\. Processed (?<processed>\d+) insn/,
      /too large\. Processed|program is too large|^\w{1,32} is too large|^too many/,
    ],
    what: [
      "The verifier stopped after {processed} instructions, because the program has too many paths.",
      "The program exceeds a limit of the verifier.",
    ],
    remedies: [
      "Replace loops by bpf_loop(), bpf_for() or bpf_repeat(), which the verifier checks once.",
      "Move parts into global functions (not static, __noinline): the verifier checks each of them once.",
      "Reduce branches inside loops, lower the bounds, or split the program with tail calls.",
    ],
  },
  {
    code: "BPF-E0502",
    name: "infinite-loop",
    class: "program",
    title: "The verifier sees a loop that never ends",
    meaning:
      "The verifier came to the same instruction twice with the same state, so nothing that it tracks changes from one round to the next.",
    patterns: [/^infinite loop detected at insn (?<at>\d+)/, /infinite loop detected/],
    what: [
      "The loop at instruction {at} comes back with the same state, so the verifier cannot see that it ends.",
      "The loop comes back with the same state, so the verifier cannot see that it ends.",
    ],
    remedies: [
      "Count the rounds in a variable, and end the loop at a constant bound: for (int i = 0; i < 100; i++).",
      "Use bpf_loop() or bpf_for() for loops with many rounds.",
    ],
  },
  {
    code: "BPF-E0503",
    name: "back-edge",
    class: "environment",
    title: "Loops are not allowed on this kernel or for this user",
    meaning: "Kernels before 5.3 refuse every backward jump, and newer kernels do so for unprivileged users.",
    patterns: [/^back-edge from insn (?<at>\d+) to (?<to>\d+)/, /back-edge/],
    what: [
      "The program jumps back from instruction {at} to {to}, and loops are not allowed here.",
      "The program has a loop, and loops are not allowed here.",
    ],
    remedies: [
      "Unroll the loop: #pragma unroll, with a constant bound.",
      "Load the program with CAP_BPF on Linux 5.3 or newer.",
    ],
    kernels: "Bounded loops are accepted since Linux 5.3.",
  },
  {
    code: "BPF-E0504",
    name: "stack-size",
    class: "limit",
    title: "The functions use more stack than there is",
    meaning:
      "All functions on a path of calls share 512 bytes of stack, and 256 bytes if the program uses tail calls from subprograms.",
    patterns: [
      /^combined stack size of \d+ calls is (?<size>\d+)/,
      /combined stack size|stack depth \d+ exceeds|stack size \d+ exceeds|stack frame.{0,32}too/,
    ],
    what: [
      "The calls need {size} bytes of stack, which is more than the limit of 512 bytes.",
      "The program needs more stack than there is.",
    ],
    remedies: [
      "Move large variables into a per-CPU array map.",
      "Make functions smaller, or call them one after the other instead of nested.",
    ],
  },
  {
    code: "BPF-E0505",
    name: "call-depth",
    class: "limit",
    title: "Calls are nested too deeply, or there are too many branches to follow",
    meaning: "A program may have at most 8 nested calls, and the verifier keeps at most 8,192 branches for later.",
    patterns: [/call stack of \d+ frames|frames is too deep|sequence of \d+ jumps is too complex/],
    what: ["The calls are nested too deeply, or the verifier has too many branches to follow."],
    remedies: [
      "Inline functions (__always_inline), or call them one after the other.",
      "Reduce the number of branches, or split the program with tail calls.",
    ],
  },
  {
    code: "BPF-E0506",
    name: "control-flow",
    class: "program",
    title: "The program's control flow is broken",
    meaning:
      "Instructions cannot be reached, a jump leaves the program, or a path ends without exit. In C this comes from a path without return and from undefined behaviour.",
    patterns: [
      /^unreachable insn (?<at>\d+)/,
      /unreachable insn|jump out of range|last insn is not an exit|jump into the middle|falls? through|invalid jump/,
    ],
    what: ["Instruction {at} can never be reached.", "The program's control flow is broken."],
    remedies: [
      "Give every path a return, and remove code behind an endless loop.",
      "In assembly, check the targets of jumps, and end with exit.",
    ],
  },
  {
    code: "BPF-E0507",
    name: "compiler-trap",
    class: "compiler",
    title: "The compiler replaced undefined behaviour by a trap",
    meaning:
      "clang proved that the program has undefined behaviour here, such as a variable that is never set, and emitted a call of __bpf_trap.",
    patterns: [/__bpf_trap/],
    what: ["The compiler found undefined behaviour on this path and put a trap there."],
    remedies: [
      "Initialise all variables that are read on this path.",
      "Look at the compiler's warnings: -Wall -Wuninitialized.",
    ],
  },
  {
    code: "BPF-E0508",
    name: "opcode",
    class: "environment",
    title: "The kernel does not know an instruction, or it is encoded wrongly",
    meaning: "The program was compiled for newer kernels, or an instruction was not relocated by the loader.",
    patterns: [
      /^unknown opcode (?<opcode>[0-9a-f]{1,4})/,
      /uses reserved fields|invalid (?:argument )?insn|^R\d+ is invalid|^invalid BPF_|unrecognized bpf_ld_imm64|BPF_(?:ALU|JMP|STX|LDX|CALL|EXIT|ALU64) uses|invalid atomic operand/,
    ],
    what: [
      "The kernel does not know the instruction with opcode {opcode}.",
      "The kernel does not accept the encoding of an instruction.",
    ],
    remedies: [
      "Compile for older kernels: -mcpu=v2 or -mcpu=v3.",
      "Opcode 8d is a call through a function pointer: inline the function or call it directly.",
      "Load the object with a loader that resolves its relocations.",
    ],
    confidence: "likely",
  },
  {
    code: "BPF-E0509",
    name: "subprogram",
    class: "program",
    title: "Subprograms are not used as the verifier demands",
    meaning:
      "Subprograms may not call themselves, and tail calls and some instructions are allowed only in certain places.",
    patterns: [
      /\bsubprogs?\b|\brecursive\b|call to invalid destination|^func#\d+ [^@]|tail_calls are (?:only )?allowed/,
    ],
    what: ["A subprogram is called or built in a way that is not allowed."],
    remedies: ["Remove recursion: use a loop or bpf_loop().", "Declare the function static, or __always_inline."],
    confidence: "likely",
  },
  {
    code: "BPF-E0510",
    name: "debug-information",
    class: "environment",
    title: "The kernel refuses the program's BTF",
    meaning: "The types, function or line information that the loader passed with the program are not accepted.",
    patterns: [/func_info|line_info|Invalid name|\bBTF\b|\bbtf\b/],
    what: ["The kernel refuses the type, function or line information of the program."],
    remedies: [
      "Use a newer loader, which adapts BTF to the kernel.",
      "Compile with a compiler whose BTF this kernel knows; names may contain only letters, digits, '_' and '.'.",
    ],
    confidence: "likely",
  },
  {
    code: "BPF-E0511",
    name: "map-reference",
    class: "environment",
    title: "The program refers to a map that is not there",
    meaning:
      "The instruction that loads a map's address does not name a map that is open, or the map lacks what the program needs.",
    patterns: [
      /fd -?\d+ is not pointing to valid bpf_map|invalid map_?fd|map '.{1,64}' (?:has no|has to have|does)|does not point to/,
    ],
    what: ["An instruction refers to a map that does not exist, or that lacks what the program needs."],
    remedies: [
      'Declare the map in SEC(".maps"), and load the object with a loader that relocates maps.',
      "A map with a bpf_spin_lock, bpf_timer or kptr needs BTF types for its value.",
    ],
  },
  {
    code: "BPF-E0512",
    name: "attach-target",
    class: "program",
    title: "The program cannot be attached to its target",
    meaning: "The kernel already checks the target of the program when it loads the program.",
    patterns: [
      /attach_btf_id|is not traceable|Attaching .{1,128} is rejected|attach to unsupported|cannot (?:replace|extend)|FENTRY\/FEXIT|btf_trace|is not a modifiable|struct_ops|attach_prog|fentry\/fexit/,
    ],
    what: ["The function that the program names cannot be its target."],
    remedies: [
      "Check the target's name and type: bpfts btf find NAME shows whether the kernel has the function.",
      "Use a kprobe for functions that fentry cannot reach.",
    ],
    confidence: "likely",
  },
  {
    code: "BPF-E0513",
    name: "capability",
    class: "environment",
    title: "A capability is missing",
    meaning: "The program does something for which the process that loads it has no right.",
    patterns: [/\bCAP_[A-Z_]{2,20}|requires? .{0,32}capab|loading or calling other BPF/],
    what: ["The process that loads the program lacks a capability."],
    remedies: ["Run as root, or give the process CAP_BPF, and CAP_PERFMON or CAP_NET_ADMIN for the program's type."],
  },
  {
    code: "BPF-E0901",
    name: "kernel-bug",
    class: "kernel",
    title: "The verifier itself failed",
    meaning:
      "The verifier found its own state inconsistent. Usually this is a bug in the kernel and not in the program.",
    patterns: [
      /verifier (?:internal error|bug)|^verifier bug|\bBUG\b|REG INVARIANTS|kernel subsystem misconfigured|misconfigured/,
    ],
    what: ["The verifier reports an error of its own."],
    remedies: [
      "Try another kernel version.",
      "Report it to bpf@vger.kernel.org with the whole log and the object file.",
    ],
    confidence: "likely",
  },
];
