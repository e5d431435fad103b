import type { ObjectEntry } from "../command/command.ts";
import { HELP } from "../command/command.ts";

/** `bpfts token`. */
export const token: ObjectEntry = {
  name: "token",
  summary: "inspect bpf tokens",
  commands: [
    {
      name: "show",
      syntax: [""],
      summary: "list the BPF file systems that can make tokens",
      help: () => ({
        examples: [["bpfts token show", "show the bpffs mounts that can make tokens, and what each token may do"]],
      }),
      run: async () => (await import("./show.ts")).showTokens,
    },
    { name: "list", as: "show" },
    HELP,
  ],
};
