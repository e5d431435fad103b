import type { ObjectEntry } from "../command/command.ts";
import { HELP } from "../command/command.ts";

/** `bpfts perf`. */
export const perf: ObjectEntry = {
  name: "perf",
  summary: "list the programs of perf events",
  commands: [
    {
      name: "show",
      syntax: [""],
      summary: "list the programs that processes have attached to perf events and raw tracepoints",
      help: () => ({
        examples: [["bpfts perf show", "show the programs that processes attached through perf events"]],
      }),
      run: async () => (await import("./show.ts")).showPerf,
    },
    { name: "list", as: "show" },
    HELP,
  ],
};
