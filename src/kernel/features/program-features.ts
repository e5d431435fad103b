/** Features of programs: types, flags, test runs and commands. */
export const PROGRAM_FEATURES = {
  "prog:syscall": { what: "syscall programs", since: "5.14" },
  "prog:netfilter": { what: "netfilter programs", since: "6.4", config: ["CONFIG_NETFILTER_BPF_LINK"] },
  "prog:xdp_frags": { what: "XDP programs for packets in fragments", since: "5.18" },
  "prog:xdp_device_bound": { what: "XDP programs bound to a device that run in the kernel", since: "6.3" },
  "prog:token": { what: "tokens that delegate bpf(2) to a user namespace", since: "6.9" },
  "prog:stream": { what: "streams of programs", since: "6.17" },
  "prog:log_true_size": { what: "the size that a verifier log would have had", since: "6.4" },
  "prog:signature": {
    what: "signatures of programs",
    since: "6.18",
    config: ["CONFIG_KEYS", "CONFIG_SYSTEM_DATA_VERIFICATION"],
  },
  "prog:verified_insns": { what: "the number of verified instructions in a program's info", since: "5.16" },
  "prog:loader": { what: "loader programs that carry a whole object (light skeletons)", since: "5.14" },
  "prog:loader_core": { what: "CO-RE relocations that the kernel applies for a loader program", since: "5.17" },
  "prog:fd_array": { what: "an array of fds beside a program", since: "5.14" },
  "prog:module_btf": {
    what: "BTF of kernel modules",
    since: "5.11",
    config: ["CONFIG_DEBUG_INFO_BTF_MODULES"],
  },
  "prog:memcg": { what: "memory of BPF objects counted by memory cgroups, not by RLIMIT_MEMLOCK", since: "5.11" },

  "run:syscall": { what: "test runs of syscall programs", since: "5.14" },
  "run:sk_lookup": { what: "test runs of sk_lookup programs", since: "5.13" },
  "run:netfilter": { what: "test runs of netfilter programs", since: "6.5", config: ["CONFIG_NETFILTER_BPF_LINK"] },
  "run:xdp_live": { what: "test runs of XDP programs with live frames", since: "5.18" },
  "run:xdp_context": { what: "test runs of XDP programs with a context", since: "5.15" },
  "run:batch": { what: "a batch size for test runs", since: "5.18" },
} as const;
