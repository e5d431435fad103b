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
      help: () => ({
        examples: [
          ["bpfts btf show", "show all BTF objects, with the programs and maps that use them"],
          ["bpfts btf show id 1", "show one"],
        ],
      }),
      run: async () => (await import("./show.ts")).showBtf,
    },
    { name: "list", as: "show" },
    HELP,
    {
      name: "dump",
      syntax: ["BTF_SRC [format FORMAT] [root_id ROOT_ID]...", "BTF_SRC type NAME..."],
      summary: "print types, raw or as C",
      help: () => ({
        examples: [
          [
            "bpfts btf dump file /sys/kernel/btf/vmlinux format c > vmlinux.h",
            "write the kernel's types as a C header",
          ],
          [
            "bpfts btf dump file /sys/kernel/btf/vmlinux type 'struct task_struct'",
            "print one type, in C with all that it needs",
          ],
          ["bpfts btf dump prog name egress", "print the types of a program"],
          ["bpfts btf dump map name counts value format c", "print the type of a map's values"],
        ],
        words: {
          format: "'raw' prints type by type, 'c' prints C",
          unsorted: "keep the order of the BTF",
          root_id: "print only this type; in C also the types that it needs",
          ROOT_ID: "the id of a type",
          type: "print these types in C; bpftool does not have this word",
          key: "the type of the keys",
          kv: "the types of keys and values; this is the default",
          value: "the type of the values",
          all: "all types of the map's BTF",
        },
      }),
      run: async () => (await import("./dump.ts")).dumpBtf,
    },
    {
      name: "find",
      syntax: ["PATTERN [file FILE]... [limit N]"],
      summary: "find types, members, enumerators and functions of the kernel and its modules by name",
      help: () => ({
        examples: [
          ["bpfts btf find 'task_struct.*pid'", "find members of a struct"],
          ["bpfts btf find '*_alloc_skb' limit 10", "find functions and types by name"],
        ],
        words: {
          file: "look into this file instead of the kernel",
          limit: "show at most this many names; 200 by default",
        },
      }),
      run: async () => (await import("./find.ts")).findInBtf,
    },
    {
      name: "diff",
      syntax: ["FILE FILE [PATTERN]"],
      summary: "show what changed between two kernels or objects",
      help: () => ({
        examples: [["bpfts btf diff vmlinux-6.1.btf vmlinux-6.12.btf 'task_*'", "compare types of two kernels"]],
      }),
      run: async () => (await import("./diff.ts")).diffFiles,
    },
  ],
};
