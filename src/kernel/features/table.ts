import { LINK_FEATURES } from "./link-features.ts";

/** The requirements of a feature. */
export interface Feature {
  /** The feature's name as kernel developers write it, such as `tcx links`. */
  readonly what: string;
  /**
   * The first kernel version that has the feature, such as `6.6`; absent if each supported kernel (5.10 and later) has
   * it.
   */
  readonly since?: string;
  /** The build options that the feature needs, such as `CONFIG_NETKIT`. The kernel must have all of them. */
  readonly config?: readonly string[];
  /** A condition that the machine or its kernel must meet besides version and build options. */
  readonly machine?: MachineCondition;
}

/**
 * Conditions that a feature can have besides the kernel's version and build options:
 * - `trampoline`: programs that need a trampoline can be loaded. The lockdown of some vendors' kernels forbids this,
 *   because a trampoline patches a kernel function;
 * - `lsm`: `bpf` is in the list of active security modules (`lsm=` on the kernel's command line);
 * - `counters`: the processor has performance counters. Most virtual machines have none;
 * - `element_iterators`: iterator programs over the elements of a map can be loaded. Some vendors' kernels refuse them
 *   with EPERM.
 */
export type MachineCondition = "trampoline" | "lsm" | "counters" | "element_iterators";

/** Features of instructions, calls and BTF. */
const INSTRUCTION_FEATURES = {
  "insn:atomics": { what: "atomic operations (fetch, exchange, compare)", since: "5.12" },
  "insn:v4": { what: "the instructions that clang -mcpu=v4 emits", since: "6.6" },
  "insn:may_goto": { what: "the instruction may_goto", since: "6.9" },
  "insn:load_acquire": { what: "load-acquire and store-release instructions", since: "6.15" },
  "insn:jump_table": { what: "indirect jumps", since: "6.19" },
  "call:callback": { what: "helpers that call a function of the program", since: "5.13" },
  "call:bpf_loop": { what: "the helper bpf_loop", since: "5.17" },
  "call:kfunc": { what: "calls of kernel functions (kfuncs)", since: "5.13" },
  "call:module_kfunc": { what: "calls of functions of kernel modules", since: "5.16" },
  "call:exception": { what: "exceptions (bpf_throw)", since: "6.7" },
  "call:attach_cookie": { what: "the helper bpf_get_attach_cookie", since: "5.15" },
  "btf:float": { what: "floating-point types in BTF", since: "5.13" },
  "btf:decl_tag": { what: "declaration tags in BTF", since: "5.16" },
  "btf:type_tag": { what: "type tags in BTF", since: "5.17" },
  "btf:enum64": { what: "64-bit enums in BTF", since: "6.0" },
} as const;

/** Features of maps: types, flags and operations on elements. */
const MAP_FEATURES = {
  "map:inode_storage": { what: "inode_storage maps", config: ["CONFIG_BPF_LSM"] },
  "map:task_storage": { what: "task_storage maps", since: "5.11" },
  "map:bloom_filter": { what: "bloom_filter maps", since: "5.16" },
  "map:user_ringbuf": { what: "user_ringbuf maps", since: "6.1" },
  "map:cgrp_storage": { what: "cgrp_storage maps", since: "6.2" },
  "map:arena": { what: "arena maps", since: "6.9" },
  "map:insn_array": { what: "insn_array maps", since: "6.19" },
  "map:percpu_data": { what: "global variables with a value for each CPU (.percpu)", since: "7.3" },
  "map:ringbuf_overwrite": { what: "ring buffers that overwrite the oldest records", since: "6.19" },
  "map:xskmap": { what: "xskmap maps", config: ["CONFIG_XDP_SOCKETS"] },
  "map:struct_ops_link": { what: "struct_ops maps that are attached by a link (BPF_F_LINK)", since: "6.4" },
  "map:take_hash": { what: "looking up and deleting an element of a hash in one step", since: "5.14" },
  "map:batch_lpm_trie": { what: "batch operations on lpm_trie maps", since: "5.11" },
  "map:batch_percpu_array": { what: "batch operations on percpu_array maps", since: "5.13" },
  "map:batch_map_of_maps": { what: "batch operations on maps of maps", since: "5.16" },
} as const;

/** Features of programs: types, flags, test runs and commands. */
const PROGRAM_FEATURES = {
  "prog:syscall": { what: "syscall programs", since: "5.14" },
  "prog:netfilter": { what: "netfilter programs", since: "6.4", config: ["CONFIG_NETFILTER_BPF_LINK"] },
  "prog:xdp_frags": { what: "XDP programs for packets in fragments", since: "5.18" },
  "prog:xdp_device_bound": { what: "XDP programs that are bound to a device but run in the kernel", since: "6.3" },
  "prog:token": { what: "tokens that delegate bpf(2) to a user namespace", since: "6.9" },
  "prog:stream": { what: "program streams", since: "6.17" },
  "prog:log_true_size": { what: "reporting the full size of a verifier log that was cut off", since: "6.4" },
  "prog:signature": {
    what: "signed programs",
    since: "6.18",
    config: ["CONFIG_KEYS", "CONFIG_SYSTEM_DATA_VERIFICATION"],
  },
  "prog:verified_insns": { what: "reporting the number of instructions that the verifier processed", since: "5.16" },
  "prog:loader": { what: "loader programs that carry a whole object (light skeletons)", since: "5.14" },
  "prog:loader_core": { what: "CO-RE relocations that the kernel applies for a loader program", since: "5.17" },
  "prog:fd_array": { what: "passing an array of fds when a program is loaded", since: "5.14" },
  "prog:module_btf": {
    what: "BTF of kernel modules",
    since: "5.11",
    config: ["CONFIG_DEBUG_INFO_BTF_MODULES"],
  },
  "prog:memcg": {
    what: "counting the memory of BPF objects by memory cgroups instead of RLIMIT_MEMLOCK",
    since: "5.11",
  },

  "run:syscall": { what: "test runs of syscall programs", since: "5.14" },
  "run:sk_lookup": { what: "test runs of sk_lookup programs", since: "5.13" },
  "run:netfilter": { what: "test runs of netfilter programs", since: "6.5", config: ["CONFIG_NETFILTER_BPF_LINK"] },
  "run:xdp_live": { what: "test runs of XDP programs with live frames", since: "5.18" },
  "run:xdp_context": { what: "test runs of XDP programs with a context", since: "5.15" },
  "run:batch": { what: "a batch size for test runs", since: "5.18" },
} as const;

/** The names of all features, such as `link:tcx` and `map:arena`. */
export type FeatureName =
  | keyof typeof LINK_FEATURES
  | keyof typeof PROGRAM_FEATURES
  | keyof typeof MAP_FEATURES
  | keyof typeof INSTRUCTION_FEATURES;

/**
 * The features that came after Linux 5.10, or that depend on the kernel's build options or the machine. Tests
 * use this table to decide what to skip, error messages use it to explain failed calls, and docs/kernels.md is
 * generated from it.
 */
export const FEATURES: Readonly<Record<FeatureName, Feature>> = {
  ...LINK_FEATURES,
  ...PROGRAM_FEATURES,
  ...MAP_FEATURES,
  ...INSTRUCTION_FEATURES,
};
