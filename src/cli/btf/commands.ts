import type { ObjectEntry } from "../command/command.ts";
import { HELP, MAP, PROG } from "../command/command.ts";

/** `bpfts btf`. */
export const btf: ObjectEntry = {
  name: "btf",
  summary: "inspect BTF, the types of the kernel and of programs",
  grammar: [
    "BTF_SRC := { id BTF_ID | prog PROG | map MAP [{ key | value | kv | all }] |\n                    file FILE [file FILE]... }",
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
      syntax: ["BTF_SRC [format FORMAT] [root_id ROOT_ID]...", "BTF_SRC type NAME..."],
      summary: "print types, raw or as C",
      run: async () => (await import("./dump.ts")).dumpBtf,
    },
    {
      name: "find",
      syntax: ["PATTERN [file FILE]... [limit N]"],
      summary: "find types, members, enumerators and functions of the kernel and its modules by name",
      run: async () => (await import("./find.ts")).findInBtf,
    },
    {
      name: "diff",
      syntax: ["FILE FILE [PATTERN]"],
      summary: "say what changed between two kernels or objects",
      run: async () => (await import("./diff.ts")).diffFiles,
    },
  ],
};
