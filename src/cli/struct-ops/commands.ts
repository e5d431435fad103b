import type { ObjectEntry } from "../command/command.ts";
import { HELP } from "../command/command.ts";

/** `bpfts struct_ops`. */
export const structOps: ObjectEntry = {
  name: "struct_ops",
  summary: "inspect and register struct_ops",
  grammar: ["STRUCT_OPS_MAP := [ id STRUCT_OPS_MAP_ID | name STRUCT_OPS_MAP_NAME ]"],
  help: () => ({
    examples: [
      ["bpfts struct_ops show", "list the structs of callbacks that programs implement"],
      ["bpfts struct_ops register cubic.bpf.o /sys/fs/bpf/cubic", "register the structs of an object file"],
    ],
    words: {
      STRUCT_OPS_MAP_ID: "the id of a struct_ops map: a number from 'bpfts struct_ops show'",
      STRUCT_OPS_MAP_NAME: "the name of a struct_ops map",
    },
  }),
  commands: [
    {
      name: "show",
      syntax: ["[STRUCT_OPS_MAP]"],
      summary: "list the struct_ops maps and their kernel structs",
      help: () => ({
        examples: [
          ["bpfts struct_ops show", "show all struct_ops maps"],
          ["bpfts struct_ops show name cubic", "show the maps of a name"],
        ],
      }),
      run: async () => (await import("./show.ts")).showStructOps,
    },
    { name: "list", as: "show" },
    {
      name: "dump",
      syntax: ["[STRUCT_OPS_MAP]"],
      summary: "print struct_ops maps: the kernel's struct with the programs of its callbacks",
      help: () => ({
        examples: [["bpfts struct_ops dump name cubic", "print the maps of a name"]],
      }),
      run: async () => (await import("./show.ts")).dumpStructOps,
    },
    {
      name: "register",
      changes: true,
      syntax: ["OBJ [LINK_DIR]"],
      summary: "load an object file and register its struct_ops",
      help: () => ({
        examples: [
          ["bpfts struct_ops register cubic.bpf.o /sys/fs/bpf/cubic", "register and pin the links in a directory"],
        ],
        words: {
          LINK_DIR: "the directory for the pins of the links, in a bpffs",
        },
        notes: [
          "A struct in the section .struct_ops stays registered until 'struct_ops unregister'. A struct in the section .struct_ops.link is registered by a link. Without LINK_DIR this link ends with the command, and so does the registration.",
        ],
      }),
      run: async () => (await import("./register.ts")).registerObject,
    },
    {
      name: "unregister",
      changes: true,
      syntax: ["STRUCT_OPS_MAP"],
      summary: "end the registration of struct_ops maps",
      help: () => ({
        examples: [["bpfts struct_ops unregister name cubic", "end the registration of the maps of a name"]],
        notes: [
          "A struct that a link registered cannot be unregistered in this way. Detach its link, or remove the link's pin.",
        ],
      }),
      run: async () => (await import("./unregister.ts")).unregisterMaps,
    },
    HELP,
  ],
};
