import { LACKS_FEATURE } from "../../errors/index.ts";
import type { Kind } from "./kind.ts";

/**
 * Refusals that do not come from the verifier: of attaching to a hook, of a feature that the kernel lacks, and of other
 * calls of bpf(2).
 */
export const hookKinds = (): readonly Kind[] => [
  {
    code: "BPF-E0801",
    name: "attach-target-missing",
    class: "environment",
    title: "The place to attach to does not exist",
    meaning:
      "The kernel, or the file to probe, has no function, tracepoint or device of this name. A function may be inlined, renamed in this version, or part of a module that is not loaded.",
    patterns: [/failed to create kprobe '(?<target>[\w.+]{1,128})' perf event: (?:No such|-2)/],
    what: ["{reason}.", "The kernel has nothing to attach to at {target}."],
    remedies: [
      "Use a name that exists: {near}.",
      {
        unless: "near",
        text: "Look for the name: bpfts btf find '*NAME*' and /sys/kernel/tracing/available_filter_functions.",
      },
      'Load the module that has it, or mark the program as optional: SEC("?…").',
    ],
  },
  {
    code: "BPF-E0802",
    name: "attach-not-allowed",
    class: "environment",
    title: "The kernel does not allow a program at this place",
    meaning:
      "The function exists, but it cannot be traced: it is marked notrace or is on the kprobe blacklist, or the offset is not the start of an instruction.",
    patterns: [/failed to create kprobe '(?<target>[\w.+]{1,128})' perf event: (?:Invalid|Cannot assign|-22|-99)/],
    what: ["{reason}.", "The kernel does not allow a probe at {target}."],
    remedies: [
      "Attach to a caller or a callee of the function that is in /sys/kernel/tracing/available_filter_functions.",
      "For an offset, take the start of an instruction of the running kernel's code.",
    ],
  },
  {
    code: "BPF-E0803",
    name: "attach-busy",
    class: "environment",
    title: "Another program holds the place",
    meaning: "The hook takes only a limited number of programs, or only one, and it is full.",
    patterns: [],
    what: ["{reason}."],
    remedies: [
      "See who holds it: bpfts net show, bpfts cgroup tree, or bpfts link show.",
      "Detach the other program, replace it, or use a hook that takes several programs, such as tcx.",
    ],
  },
  {
    code: "BPF-E0804",
    name: "attach-misfit",
    class: "program",
    title: "The program does not fit the hook",
    meaning:
      "A hook takes programs of certain types, and many hooks only those that were loaded for their attach type.",
    patterns: [],
    what: ["{reason}."],
    remedies: [
      'Load the program with a section name for this hook: SEC("xdp"), SEC("tcx/ingress"), SEC("cgroup/connect4").',
    ],
  },
  {
    code: "BPF-E0805",
    name: "attach-refused",
    class: "environment",
    title: "The kernel refused to attach the program",
    meaning: "The errno alone does not tell the cause. It means different things at different hooks.",
    patterns: [],
    what: ["{reason}."],
    remedies: [
      "See what the errno means: bpfts explain errno {command} {errno}.",
      "Compare the options with the page of the hook: docs/links.md.",
    ],
    confidence: "likely",
  },
  {
    ...LACKS_FEATURE,
    title: "The running kernel does not have the feature",
    meaning: "The kernel is older than the feature, or it was built without it.",
    patterns: [],
    what: [LACKS_FEATURE.what],
  },
  {
    code: "BPF-E0807",
    name: "call-refused",
    class: "environment",
    title: "The kernel refused a call of bpf(2)",
    meaning: "The diagnosis lists the causes that are known for this command and errno.",
    patterns: [],
    what: ["{call} failed with {errno}: {text}."],
    remedies: ["Check the causes in this order. The first one is the most frequent."],
    confidence: "likely",
  },
];
