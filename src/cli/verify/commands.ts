import type { ObjectEntry } from "../command/command.ts";

/** `bpfts verify`. bpftool does not have it. */
export const verify: ObjectEntry = {
  name: "verify",
  summary: "say what the verifier does with each program of an object file, and keep none",
  syntax: ["OBJ [OBJ...] [program NAME]", "--merge DATA_FILE [DATA_FILE...]"],
  options: ["set", "type", "hot", "baseline", "growth", "csv", "markdown", "merge"],
  help: () => ({
    examples: [
      ["bpfts verify prog.bpf.o", "show verdict, instructions, states, time and stack of each program"],
      [
        "bpfts verify prog.bpf.o program egress --hot 10",
        "show the 10 source lines where the verifier spends its budget",
      ],
      ["bpfts verify prog.bpf.o --set debug=1", "set a constant of the object first"],
      ["bpfts -j verify prog.bpf.o > base.json", "keep the results"],
      ["bpfts verify prog.bpf.o --baseline base.json", "exit with 1 if a program is refused now, or grew by over 10 %"],
      ["bpfts verify --merge 6.1.json 6.12.json --markdown", "show the results of several kernels in one table"],
    ],
    words: {
      NAME: "the name of a program in the object file",
      DATA_FILE: "a file that 'bpfts -j verify' wrote",
      program: "verify only this program",
    },
    notes: [
      "Each program is loaded by itself and closed at once. Nothing is attached or pinned.",
      "The exit code is 1 if a program is not accepted. With --baseline, it is 1 if a program that was accepted is not accepted any more, or if its instructions grew by more than --growth percent.",
    ],
  }),
  run: async () => (await import("./verify.ts")).verifyObjects,
};
