/** Features of instructions, calls and BTF. */
export const INSTRUCTION_FEATURES = {
  "insn:atomics": { what: "atomic operations (fetch, exchange, compare)", since: "5.12" },
  "insn:v4": { what: "instructions of cpu=v4", since: "6.6" },
  "insn:may_goto": { what: "may_goto", since: "6.9" },
  "insn:load_acquire": { what: "load-acquire and store-release", since: "6.15" },
  "insn:jump_table": { what: "indirect jumps", since: "6.19" },
  "call:callback": { what: "helpers that call a function of the program", since: "5.13" },
  "call:bpf_loop": { what: "bpf_loop", since: "5.17" },
  "call:kfunc": { what: "calls of kernel functions (kfuncs)", since: "5.13" },
  "call:module_kfunc": { what: "calls of functions of kernel modules", since: "5.16" },
  "call:exception": { what: "exceptions (bpf_throw)", since: "6.7" },
  "call:attach_cookie": { what: "bpf_get_attach_cookie", since: "5.15" },
  "btf:float": { what: "floating-point types in BTF", since: "5.13" },
  "btf:decl_tag": { what: "tags of declarations in BTF", since: "5.16" },
  "btf:type_tag": { what: "tags of types in BTF", since: "5.17" },
  "btf:enum64": { what: "64-bit enums in BTF", since: "6.0" },
} as const;
