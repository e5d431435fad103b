import type { Kind } from "./kind.ts";

/** What the rights of the process, the kernel's policy or the mode of an object forbid. */
export const rightsKinds = (): readonly Kind[] => [
  {
    code: "BPF-E0701",
    name: "missing-capability",
    class: "environment",
    title: "The process lacks a capability",
    meaning:
      "Most commands of bpf(2) need CAP_BPF. Tracing needs CAP_PERFMON as well, and networking needs CAP_NET_ADMIN as well. CAP_SYS_ADMIN includes CAP_BPF and CAP_PERFMON. Before Linux 5.8, CAP_SYS_ADMIN is needed.",
    patterns: [
      /Couldn't load trivial BPF program|loading or calling other BPF|requires? .{0,40}capab|CAP_(?:BPF|PERFMON|NET_ADMIN|SYS_ADMIN) (?:is|are) missing/,
    ],
    what: [
      "The process lacks {capabilities}, which is needed for {subject}.",
      "The process lacks {capabilities}.",
      "The process lacks a capability, such as CAP_BPF.",
    ],
    remedies: [
      { unless: "first", text: "Run the command as root." },
      "{first}",
      "{second}",
      "{third}",
      {
        unless: "first",
        text: 'Give the capabilities: to a file with setcap cap_bpf,cap_perfmon+ep FILE, to a service with AmbientCapabilities=CAP_BPF CAP_PERFMON, to a container with docker run --cap-add BPF --cap-add PERFMON or with securityContext: {capabilities: {add: ["BPF", "PERFMON"]}}.',
      },
    ],
  },
  {
    code: "BPF-E0702",
    name: "user-namespace",
    class: "environment",
    title: "Capabilities of a user namespace do not count for bpf(2)",
    meaning:
      "The process runs in a user namespace, for example in a rootless container. Its capabilities are valid only for objects of this namespace. The kernel's BPF belongs to the initial user namespace.",
    patterns: [],
    what: ["The process is in a user namespace, and {call} needs capabilities in the initial one."],
    remedies: [
      "Run in the initial user namespace: without --userns or rootless mode in Docker and Podman, with hostUsers: true in Kubernetes.",
      "Use a BPF token (Linux 6.9): the owner of the machine mounts a bpffs for the namespace with -o delegate_cmds=any,delegate_maps=any,delegate_progs=any,delegate_attachs=any.",
    ],
    kernels: "BPF tokens exist since Linux 6.9.",
  },
  {
    code: "BPF-E0703",
    name: "lockdown",
    class: "environment",
    title: "Kernel lockdown forbids the operation",
    meaning:
      "Lockdown protects the kernel from root. The mode integrity forbids BPF programs that write to memory of user space, the mode confidentiality also those that read the kernel's memory. Secure Boot turns lockdown on with many distributions.",
    patterns: [/Lockdown: .{0,80} is restricted/],
    what: ["Kernel lockdown is in the mode {lockdown} and refuses {call}.", "Kernel lockdown refuses the operation."],
    remedies: [
      "Boot without lockdown: remove lockdown=… from the kernel's command line, and turn off Secure Boot.",
      "Use a program that does not read the kernel's memory.",
    ],
    confidence: "likely",
  },
  {
    code: "BPF-E0704",
    name: "security-policy",
    class: "environment",
    title: "A security module or a seccomp filter refuses the call",
    meaning:
      "The process has the capabilities, and the kernel refuses the call nevertheless. A security module (SELinux, AppArmor, a BPF LSM program) or the seccomp filter of a container can do that.",
    patterns: [],
    what: ["No capability is missing: the kernel, a security module or a seccomp filter refuses {call}."],
    remedies: [
      "SELinux: ausearch -m avc -ts recent shows what it refused; allow the class bpf for this domain.",
      "Docker: add --security-opt seccomp=PROFILE with a profile that allows bpf and perf_event_open, or seccomp=unconfined to try. Kubernetes: securityContext: {seccompProfile: {type: Unconfined}}.",
      "Look for BPF LSM programs: bpfts prog show --type lsm.",
    ],
    confidence: "likely",
  },
  {
    code: "BPF-E0705",
    name: "object-access",
    class: "program",
    title: "The object may not be changed or read this way",
    meaning:
      "A frozen map, or an fd that was opened only for reading or only for writing, refuses some operations to everybody.",
    patterns: [],
    what: ["{subject}: {reason}."],
    remedies: [
      "Open the object with the access that the operation needs.",
      "Write to a map before it is frozen. Sections such as .rodata are frozen when the object is loaded.",
    ],
  },
  {
    code: "BPF-E0706",
    name: "kernel-addresses-hidden",
    class: "environment",
    title: "The kernel hides its addresses from this process",
    meaning:
      "The sysctl kernel.kptr_restrict, or a missing CAP_SYSLOG, makes all addresses in /proc/kallsyms zero. An extern without a type needs such an address.",
    patterns: [],
    what: ["The kernel hides the address of {symbol} from this process."],
    remedies: [
      "Run with CAP_SYSLOG: setcap cap_syslog+ep FILE, AmbientCapabilities=CAP_SYSLOG, docker run --cap-add SYSLOG.",
      "Lower the sysctl: sysctl kernel.kptr_restrict=1.",
    ],
  },
];
