import type { ObjectEntry } from "../command/command.ts";
import { HELP, MAP, PROG } from "../command/grammar.ts";

/** `bpfts btf`. */
export const btf: ObjectEntry = {
  name: "btf",
  summary: "inspect BTF, the types of the kernel and of programs",
  grammar: [
    "BTF_SRC := { id BTF_ID | prog PROG | map MAP [{ key | value | kv | all }] | file FILE }",
    "FORMAT := { raw | c [unsorted] }",
    PROG,
    MAP,
  ],
  options: ["{-B|--base-btf} FILE"],
  commands: [
    {
      name: "show",
      syntax: ["[id BTF_ID]"],
      summary: "list the BTF objects of the kernel, and the programs and maps that use them",
      run: async () => (await import("./show.ts")).showBtf,
    },
    { name: "list", as: "show" },
    HELP,
    {
      name: "dump",
      syntax: ["BTF_SRC [format FORMAT] [root_id ROOT_ID]..."],
      summary: "print types, raw or as C",
      run: async () => (await import("./dump.ts")).dumpBtf,
    },
  ],
};
