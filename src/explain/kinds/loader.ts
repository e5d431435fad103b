import type { Kind } from "./kind.ts";

/** What loaders say before or instead of the verifier: CO-RE, kernel symbols, maps, sections. */
export const loaderKinds = (): readonly Kind[] => [
  {
    code: "BPF-E0601",
    name: "core-poison",
    class: "environment",
    title: "The program needs a type or member that this kernel does not have",
    meaning:
      "A CO-RE relocation found no match in the kernel's BTF. The loader replaced the instruction by an invalid call, and the verifier reached it.",
    patterns: [/unknown#195896080|\b195896080\b|poisoned by CO-RE|failed CO-RE relocation|<invalid CO-RE relocation>/],
    what: [
      "The program needs {wanted}, which this kernel does not have.",
      "The program needs a type, member or enumerator that this kernel does not have, and does not check for it.",
    ],
    remedies: [
      "Use a name that this kernel has: {near}.",
      "Ask before the access: if ({guard}) …",
      {
        unless: "guard",
        text: "Guard the access: if (bpf_core_field_exists(p->member)) …, bpf_core_type_exists() or bpf_core_enum_value_exists().",
      },
      "Find what the kernel has: bpfts btf find NAME shows types and members of this kernel.",
      "Declare a variant of the type for the other kernels: struct name___old.",
    ],
  },
  {
    code: "BPF-E0602",
    name: "missing-map-or-kfunc",
    class: "environment",
    title: "The program uses a map or kfunc that the loader left out",
    meaning:
      "The loader did not create the map, or a weak kfunc is missing in this kernel. It replaced the use by an invalid call, and the verifier reached it.",
    patterns: [/unknown#200[12]\d{3,9}|<invalid kfunc call>|<invalid BPF map reference>/],
    what: [
      "The program reaches an instruction that cannot run, because {reason}.",
      "The program uses a map that was not created, or a kfunc that this kernel does not have.",
    ],
    remedies: [
      "Call the weak kfunc only if bpf_ksym_exists() says that it is there.",
      "Create the map, or do not reach the code that uses it.",
    ],
  },
  {
    code: "BPF-E0603",
    name: "kernel-btf-missing",
    class: "environment",
    title: "This kernel has no BTF",
    meaning:
      "CO-RE needs the kernel's types in /sys/kernel/btf/vmlinux, which exist if the kernel was built with CONFIG_DEBUG_INFO_BTF.",
    patterns: [
      /kernel BTF is missing|vmlinux BTF is not found|Error loading vmlinux BTF|failed to find valid kernel BTF/,
    ],
    what: ["The loader found no BTF of the running kernel."],
    remedies: ["Use a kernel with CONFIG_DEBUG_INFO_BTF=y.", "Give the loader a BTF file of exactly this kernel."],
  },
  {
    code: "BPF-E0604",
    name: "kernel-symbol-missing",
    class: "environment",
    title: "A kernel symbol that the program needs does not exist",
    meaning:
      "The program declares an extern with __ksym, and this kernel and its loaded modules do not have it, or have it with another type.",
    patterns: [
      /extern \([\w ]{1,32}\) '(?<symbol>\w{1,128})'.{0,40}(?:not found|incompatible)|extern \([\w ]{1,32}\) '(?<symbol2>\w{1,128})'/,
    ],
    what: [
      "{reason}.",
      "This kernel has no symbol '{symbol}' as the program declares it.",
      "This kernel lacks a symbol that the program declares.",
    ],
    remedies: [
      "Use a name that exists: {near}.",
      "Declare the symbol __weak, and use it only if bpf_ksym_exists() says that it is there.",
      "Load the module that has the symbol, or use a newer kernel.",
    ],
  },
  {
    code: "BPF-E0605",
    name: "legacy-maps",
    class: "program",
    title: "The object declares maps in the old way",
    meaning: 'Maps in SEC("maps") with struct bpf_map_def are not accepted by libbpf 1.0 and newer.',
    patterns: [/legacy map definitions in 'maps' section are not supported/],
    what: ["The object declares its maps in the old section 'maps'."],
    remedies: [
      'Declare them in SEC(".maps") with __uint(type, …), __type(key, …) and __type(value, …).',
      "Load the object with 'bpfts -m prog load', which accepts old declarations.",
    ],
  },
  {
    code: "BPF-E0606",
    name: "section-name",
    class: "program",
    title: "The section's name gives no program type",
    meaning: "The loader takes the program's type from the name in SEC().",
    patterns: [
      /missing BPF prog type, check ELF section name '?(?<section>[\w./+-]{0,128})|unrecognized ELF section name '?(?<section2>[\w./+-]{0,128})/,
    ],
    what: ["The section name '{section}' names no program type.", "The section name names no program type."],
    remedies: [
      'Correct the name, for example SEC("xdp"), SEC("tc"), SEC("kprobe/FUNCTION").',
      "Give the type when you load the program: bpfts prog load OBJ PATH type TYPE.",
    ],
  },
  {
    code: "BPF-E0607",
    name: "target-not-in-kernel",
    class: "environment",
    title: "The kernel has no function of this name to attach to",
    meaning:
      "The loader looked for the target of an fentry, fexit, tp_btf or lsm program in the kernel's BTF and did not find it.",
    patterns: [/failed to find kernel BTF type ID of '(?<symbol>\w{1,128})'|no BTF-based attach target is specified/],
    what: ["This kernel has no function '{symbol}' to attach to.", "The program names no target to attach to."],
    remedies: [
      "Look for similar names: bpfts btf find '*NAME*'.",
      "The function may be inlined or renamed in this kernel, or belong to a module that is not loaded.",
    ],
  },
  {
    code: "BPF-E0608",
    name: "map-create",
    class: "environment",
    title: "The kernel refused to create a map",
    meaning: "The map's type, sizes or flags do not fit this kernel, or rights or memory are missing.",
    patterns: [
      /map '(?<map>[\w.]{1,64})': failed to create: (?<reason>[^\n]{1,100})|Error in bpf_create_map_xattr\((?<map2>[\w.]{1,64})\)/,
    ],
    what: [
      "The kernel refused to create the map '{map}': {field}.",
      "The kernel refused to create the map '{map}': {reason}.",
      "The kernel refused to create a map.",
    ],
    remedies: [
      "{remedy}",
      "EINVAL: compare type, key_size, value_size, max_entries and map_flags with what this kernel knows.",
      "EPERM: run as root or with CAP_BPF.",
      "ENOMEM or E2BIG: lower max_entries.",
    ],
  },
  {
    code: "BPF-E0609",
    name: "memory-lock-limit",
    class: "environment",
    title: "The limit for locked memory is too low",
    meaning: "Before Linux 5.11, BPF maps and programs counted as locked memory of the process.",
    patterns: [/permission error while running as root; try raising 'ulimit -l'/],
    what: ["The limit for locked memory of this process is too low."],
    remedies: ["Raise the limit before the load: ulimit -l unlimited, or setrlimit(RLIMIT_MEMLOCK)."],
    kernels: "Linux 5.11 and newer do not count BPF memory this way.",
  },
  {
    code: "BPF-E0610",
    name: "map-operation",
    class: "program",
    title: "The map does not accept the operation",
    meaning: "The type, the size or the state of the map forbids the operation on this element.",
    patterns: [],
    what: ["{subject}: {reason}."],
    remedies: [
      "Change the key, the value, the flags or max_entries as the reason says.",
      "See what the errno means for this command: bpfts explain errno {command} {errno}.",
    ],
  },
];
