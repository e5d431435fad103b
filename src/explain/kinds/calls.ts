import type { Kind } from "./kind.ts";

/** Calls of helpers, kfuncs, subprograms and callbacks, and what a program returns. */
export const CALL_KINDS: readonly Kind[] = [
  {
    code: "BPF-E0301",
    name: "argument-type",
    class: "program",
    title: "An argument has the wrong type",
    meaning:
      "The helper expects a pointer of another kind. The kernel prints the type that it found and the types that it accepts.",
    patterns: [/^(?<reg>R\d+) type=(?<type>[\w-]{1,64}) expected=(?<expected>[\w, -]{1,256})/],
    what: [
      "{reg} of {call} is {value}, but the call expects {expected}.",
      "{reg} is of type {type}, but the call expects {expected}.",
    ],
    remedies: [
      "{invalidated} already consumed the pointer. Do not use it after that call.",
      {
        unless: "invalidated",
        text: "Pass what the call expects ({expected}): a map as &map, a buffer on the stack or in a map value, an object as the call that made it returned it.",
      },
      { unless: "invalidated", text: "Copy the data to a variable on the stack, and pass its address." },
    ],
  },
  {
    code: "BPF-E0302",
    name: "null-argument",
    class: "program",
    title: "A pointer that may be NULL is passed to a call",
    meaning: "The call does not accept NULL, and the program did not compare the pointer with NULL on this path.",
    patterns: [/Possibly NULL pointer passed to (?:trusted |helper )?(?<what>[\w# ]{1,64})/],
    what: [
      "The program passes a pointer to {call} that may be NULL.",
      "The program passes a pointer that may be NULL.",
    ],
    remedies: ["Compare the pointer with NULL before the call, and return if it is NULL."],
  },
  {
    code: "BPF-E0303",
    name: "return-range",
    class: "program",
    title: "The return value is not one that this program type allows",
    meaning:
      "For some program and attach types the kernel accepts only certain return values, and must be able to prove them.",
    patterns: [
      /^At program exit the register (?<reg>R\d+) has (?<has>.{1,160}?) should have been in (?<expected>[^ ].{0,64})/,
      /^At (?:callback|async callback|subprogram) return the register (?<reg>R\d+) has (?<has>.{1,160}?) should have been in (?<expected>[^ ].{0,64})/,
      /^At \w{1,32}(?: \w{1,32})? (?:exit|return) the register|should have been in|has unknown scalar value/,
    ],
    register: "returned",
    what: [
      "The program returns {value}, but this program type allows only {expected}.",
      "The program returns a value that this program type does not allow.",
    ],
    remedies: [
      "Return a constant from the allowed range {expected} on every path.",
      "Bound the value before you return it, for example: return x ? 1 : 0;",
      "Check the SEC() name: another program or attach type allows other values.",
    ],
  },
  {
    code: "BPF-E0304",
    name: "map-type-call",
    class: "program",
    title: "The helper does not take a map of this type",
    meaning: "Some helpers work only with certain map types, such as bpf_tail_call() with BPF_MAP_TYPE_PROG_ARRAY.",
    patterns: [/^cannot pass map_type (?<mapType>\d+) into func (?<function>\w{1,64})/, /^cannot pass map_type/],
    what: [
      "{function}() cannot be used with a map of type {mapTypeName}.",
      "The helper does not take a map of this type.",
    ],
    remedies: [
      "Declare the map with type {neededMap}, which {function}() needs.",
      "Change the map's type in its declaration: bpf_tail_call() needs PROG_ARRAY, bpf_perf_event_output() PERF_EVENT_ARRAY, bpf_redirect_map() DEVMAP, CPUMAP or XSKMAP, bpf_ringbuf_*() RINGBUF.",
    ],
  },
  {
    code: "BPF-E0305",
    name: "tail-call-map",
    class: "program",
    title: "bpf_tail_call() was given a map that is not a program array",
    meaning:
      "The kernel reports an internal misconfiguration, but the program is at fault: the second argument of bpf_tail_call() must be a map of type BPF_MAP_TYPE_PROG_ARRAY.",
    patterns: [/kernel subsystem misconfigured (?:verifier|func)/],
    calls: ["bpf_tail_call"],
    what: ["The second argument of bpf_tail_call() is not a map of type BPF_MAP_TYPE_PROG_ARRAY."],
    remedies: [
      "Declare the map with __uint(type, BPF_MAP_TYPE_PROG_ARRAY), keys and values of 4 bytes.",
      "Check that the map whose address you pass is the program array.",
    ],
  },
  {
    code: "BPF-E0306",
    name: "packet-to-helper",
    class: "program",
    title: "This helper does not take a packet pointer",
    meaning:
      "The helper could read the packet while it changes, or this program type may not pass packet pointers at all.",
    patterns: [/helper access to the packet is not allowed/],
    what: ["{call} does not take a pointer into the packet.", "The helper does not take a pointer into the packet."],
    remedies: [
      "Copy the bytes to a variable on the stack or in a map first (bpf_xdp_load_bytes(), bpf_skb_load_bytes()), and pass that.",
      "For bpf_perf_event_output(), put the number of packet bytes into the upper 32 bits of flags: flags | (__u64)len << 32; the kernel then appends them.",
    ],
  },
  {
    code: "BPF-E0307",
    name: "helper-program-type",
    class: "program",
    title: "This program type cannot use the helper",
    meaning:
      "Each program type has its own set of helpers. The kernel knows the helper but does not offer it to this type.",
    patterns: [/^program of this type cannot use helper (?<function>\w{1,64})/],
    what: ["A program of this type cannot call {function}()."],
    remedies: [
      "Use a program type that has the helper; the SEC() name gives the type.",
      "Use another helper that this type has; 'bpfts feature probe' lists them where it is available.",
    ],
    kernels: "Kernels before 6.11 say 'unknown func' for this.",
  },
  {
    code: "BPF-E0308",
    name: "unknown-helper",
    class: "environment",
    title: "This kernel does not have the helper, or does not offer it to this program type",
    meaning:
      "The helper is newer than the kernel, the kernel was built without it, or the program type does not have it.",
    patterns: [
      /^unknown func (?<function>[\w]{1,64})#?(?<number>\d{0,8})/,
      /^invalid func (?<function>\w{1,64})#(?<number>\d{1,8})/,
    ],
    what: [
      "This kernel has no helper {function} (number {number}) for this program type.",
      "This kernel has no helper {function} for this program type.",
    ],
    remedies: [
      "Check since which version the kernel has the helper, and which program types have it.",
      "Test for it at load time with bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_…), and do without it where it is missing.",
    ],
    confidence: "likely",
  },
  {
    code: "BPF-E0309",
    name: "gpl-only",
    class: "program",
    title: "The helper needs a GPL-compatible license",
    meaning: "Some helpers and kfuncs may be called only by programs that declare a GPL-compatible license.",
    patterns: [/GPL-restricted|non-GPL|GPL compatible|GPL-compatible/],
    what: [
      "{call} may be called only by a program with a GPL-compatible license.",
      "The program needs a GPL-compatible license.",
    ],
    remedies: [
      'Declare the license: char LICENSE[] SEC("license") = "GPL";',
      "Replace the helper by one that is open to all programs.",
    ],
  },
  {
    code: "BPF-E0310",
    name: "function-arguments",
    class: "program",
    title: "The arguments do not fit the function's prototype",
    meaning: "The verifier checks the calls of global functions and kfuncs by their BTF prototypes.",
    patterns: [
      /Caller passes invalid args/,
      /^(?<reg>R\d+) expects pointer to ctx|expects pointer to ctx/,
      /^arg#\d+ (?:expected|reference|pointer|doesn't|is|memory|has|arg)/,
      /^Function .{1,128} has \d+ > |doesn't return scalar|^func '?\w{1,128}'? args\(|^Global function|^(?<reg>R\d+) (?:is not a pointer to|must be referenced$)/,
    ],
    what: ["The arguments of {call} do not fit its prototype.", "The arguments do not fit the function's prototype."],
    remedies: [
      "Make the function static, so that the verifier checks it with the caller's values.",
      "Tag the parameters: __arg_ctx for the context, __arg_nonnull for pointers that are never NULL.",
      "Pass a pointer to memory of the size that the prototype gives.",
    ],
    confidence: "likely",
  },
  {
    code: "BPF-E0311",
    name: "not-constant",
    class: "program",
    title: "An argument must be a constant",
    meaning: "The verifier must know the value of this argument when it checks the program.",
    patterns: [
      /must be a known constant|is not a (?:known )?const|not a known constant|^(?<reg>R\d+) doesn't have constant|constant size is expected|must be a constant/,
    ],
    what: ["{reg} of {call} must be a constant, but is {value}.", "An argument of the call must be a constant."],
    remedies: ["Pass a literal number or sizeof().", "Call it in separate branches, each with its own constant."],
  },
  {
    code: "BPF-E0313",
    name: "kfunc",
    class: "environment",
    title: "The kernel function cannot be called here",
    meaning: "A kfunc is open only to certain program types, needs a JIT, and may be missing in this kernel.",
    patterns: [
      /^calling kernel function (?<function>\w{1,128}) is not allowed/,
      /calling kernel function|kernel function .{1,128} expected|JIT does not support calling k|kernel btf_id .{1,32} is not a function|^kfunc .{1,128} (?:is not|requires)|is not supported without CONFIG_DEBUG_INFO_BTF/,
    ],
    what: [
      "This program may not call the kernel function {function}().",
      "The kernel function cannot be called by this program.",
    ],
    remedies: [
      "Check which program types may call the kfunc, and since which kernel.",
      "Declare it __ksym __weak, and call it only if bpf_ksym_exists() says that it is there.",
    ],
    confidence: "likely",
  },
  {
    code: "BPF-E0314",
    name: "sleeping-call",
    class: "program",
    title: "A call that may sleep is made where sleeping is not allowed",
    meaning: "The program is not sleepable, or it holds a lock, an RCU read lock or disabled preemption.",
    patterns: [/sleepable|might sleep|may sleep/],
    what: ["{call} may sleep, and the program may not sleep here.", "The program may not sleep here."],
    remedies: [
      'Make the program sleepable, if its type allows that: SEC("fentry.s/…"), SEC("lsm.s/…"), SEC("uprobe.s/…").',
      "Move the call out of the locked region.",
    ],
  },
  {
    code: "BPF-E0315",
    name: "trace-argument",
    class: "program",
    title: "The traced function has no such argument, or its type cannot be used",
    meaning:
      "A program of type fentry, fexit, tp_btf or lsm reads an argument that the kernel function does not have, or whose type is not supported.",
    patterns: [/^func '\w{1,128}' (?:arg\d+ (?:has|type|doesn't)|doesn't have|size)|args\(\) type/],
    register: "base",
    what: ["The kernel function that the program traces has no such argument, or one of an unsupported type."],
    remedies: [
      "Compare the parameters of BPF_PROG() with the kernel function's prototype: bpfts btf find FUNCTION.",
      "Prototypes differ between kernels: check this kernel's.",
    ],
  },
];
