import type { ObjectEntry } from "../command/command.ts";

/** `bpfts explain`. bpftool does not have it. */
export const explain: ObjectEntry = {
  name: "explain",
  summary: "explain why the verifier refused a program, what a code means, or what an errno means",
  syntax: ["[DATA_FILE] [object OBJ] [program NAME]", "CODE", "errno CALL ERRNO"],
  help: () => ({
    examples: [
      ["bpfts explain load.log", "explain the verifier's log in the output of any loader"],
      ["bpftool prog load x.bpf.o /sys/fs/bpf/x 2>&1 | bpfts explain", "explain what another loader prints"],
      ["bpfts explain load.log object x.bpf.o", "take the source lines from the object file"],
      ["bpfts explain BPF-E0102", "print the page of a code"],
      ["bpfts explain errno BPF_MAP_UPDATE_ELEM E2BIG", "say what an errno of a bpf(2) command means"],
    ],
    words: {
      CODE: "a code such as BPF-E0102, or its name, such as null-dereference",
      CALL: "a command of bpf(2), such as BPF_MAP_CREATE or map_create",
      ERRNO: "the name or number of an errno",
      NAME: "the name of the program in the object file",
      object: "an object file with the program: it gives source lines and columns",
      program: "the program in the object file, if the log does not name it",
    },
    notes: [
      "Without a file, the text comes from standard input. It may be the whole output of bpftool, libbpf, aya, cilium/ebpf, bcc or bpftrace, with prefixes and colours, and may be cut.",
    ],
  }),
  run: async () => (await import("./explain.ts")).explainWords,
};
