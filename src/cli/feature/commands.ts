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
      summary: "probe what the kernel, or a device, has of BPF",
      run: async () => (await import("./probe.ts")).probeFeatures,
    },
    {
      name: "list_builtins",
      syntax: ["GROUP"],
      summary: "list the names that bpfts knows",
      run: async () => (await import("./list-builtins.ts")).listBuiltins,
    },
    HELP,
  ],
};
