import type { ObjectEntry } from "../command/command.ts";
import { HELP, LINK, MAP, NOMOUNT } from "../command/command.ts";

/** `bpfts iter`. */
export const iter: ObjectEntry = {
  name: "iter",
  summary: "pin and read iterators",
  grammar: [MAP, LINK],
  options: [NOMOUNT],
  commands: [
    HELP,
    {
      name: "pin",
      changes: true,
      syntax: ["OBJ PATH [map MAP]"],
      summary: "attach the first program of an object file as an iterator and pin it",
      help: () => ({
        examples: [
          ["bpfts iter pin iter.bpf.o /sys/fs/bpf/tasks", "make a file that runs the iterator whenever it is read"],
        ],
        words: {
          map: "the map to walk over, for iterators over the elements of a map",
        },
      }),
      run: async () => (await import("./actions.ts")).pinIterator,
    },
    {
      name: "read",
      syntax: ["{ LINK | OBJ [map MAP] }"],
      summary: "run an iterator, pinned or of an object file, and print what it writes",
      help: () => ({
        examples: [
          ["bpfts iter read pinned /sys/fs/bpf/tasks", "run a pinned iterator and print its output"],
          ["bpfts iter read iter.bpf.o", "load an iterator, run it once, and leave nothing behind"],
        ],
        words: {
          map: "the map to walk over, for iterators over the elements of a map",
        },
      }),
      run: async () => (await import("./actions.ts")).readIterator,
    },
  ],
};
