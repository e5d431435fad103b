import type { ObjectEntry } from "../command/command.ts";
import { HELP } from "../command/command.ts";

/** `bpfts feature`. */
export const feature: ObjectEntry = {
  name: "feature",
  summary: "inspect the kernel's features",
  grammar: [
    "COMPONENT := { kernel | dev NAME }",
    "GROUP := { prog_types | map_types | attach_types | link_types | helpers }",
  ],
  commands: [
    {
      name: "probe",
      syntax: ["[COMPONENT] [full] [unprivileged] [macros [prefix PREFIX]]"],
      summary: "probe which BPF features the kernel or a device supports",
      help: () => ({
        examples: [
          ["bpfts feature probe", "probe the types of programs and maps, the helpers and the instruction set"],
          ["bpfts feature probe dev eth0", "probe what the hardware of a device supports"],
          ["bpfts feature probe macros prefix MY_ > features.h", "write the results as C macros"],
        ],
        words: {
          PREFIX: "the beginning of each macro's name",
          kernel: "probe the kernel; this is the default",
          dev: "probe a device's hardware",
          full: "also probe the helpers that make the kernel write to its log",
          unprivileged: "probe without capabilities: what any user may do",
          macros: "print C macros",
          prefix: "begin each macro's name with this",
        },
      }),
      run: async () => (await import("./probe.ts")).probeFeatures,
    },
    {
      name: "list_builtins",
      syntax: ["GROUP"],
      summary: "list the names that bpfts knows",
      help: () => ({
        examples: [["bpfts feature list_builtins prog_types", "list the types of programs"]],
        words: {
          prog_types: "the types of programs",
          map_types: "the types of maps",
          attach_types: "the attach types",
          link_types: "the types of links",
          helpers: "the helper functions",
        },
      }),
      run: async () => (await import("./list-builtins.ts")).listBuiltins,
    },
    {
      name: "kfuncs",
      syntax: [""],
      summary: "list the kernel functions that each type of program may call",
      help: () => ({
        examples: [["bpfts feature kfuncs", "list the kfuncs of the kernel and its modules, by type of program"]],
        notes: ["The kernel's BTF says which functions are kfuncs. A probe says which programs may call them."],
      }),
      run: async () => (await import("./additions.ts")).listKfuncs,
    },
    {
      name: "hooks",
      syntax: [""],
      summary: "tell which attach types and link types the kernel supports",
      help: () => ({
        examples: [["bpfts feature hooks", "list the attach types and link types, and how each answer was found"]],
      }),
      run: async () => (await import("./additions.ts")).listHooks,
    },
    HELP,
  ],
};
