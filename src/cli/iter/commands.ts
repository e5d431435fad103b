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
      run: async () => (await import("./actions.ts")).pinIterator,
    },
    {
      name: "read",
      syntax: ["{ LINK | OBJ [map MAP] }"],
      summary: "run an iterator, pinned or of an object file, and print what it writes",
      run: async () => (await import("./actions.ts")).readIterator,
    },
  ],
};
