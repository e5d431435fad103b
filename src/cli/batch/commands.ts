import type { ObjectEntry } from "../command/command.ts";

/** `bpfts batch`. */
export const batch: ObjectEntry = {
  name: "batch",
  summary: "run the commands of a file",
  syntax: ["file FILE"],
  help: () => ({
    examples: [
      ["bpfts batch file setup", "run each line of the file as a command"],
      [
        "printf 'prog show\\nmap show\\n' | bpfts -j batch file -",
        "run commands from standard input; print one JSON array",
      ],
    ],
    words: {
      file: "the file with the commands, one a line; - is standard input",
    },
    notes: [
      "# begins a comment. A backslash at the end of a line continues it. A word with blanks stands in quotes.",
      "The run stops at the first line that fails, unless --keep-going is given.",
    ],
  }),
  runLines: async () => (await import("./run.ts")).runBatch,
};
