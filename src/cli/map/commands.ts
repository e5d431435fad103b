import type { ObjectEntry } from "../command.ts";
import { HELP, later, MAP } from "../grammar.ts";

/** `bpfts map`. */
export const map: ObjectEntry = {
  name: "map",
  summary: "inspect and change maps",
  grammar: [MAP],
  commands: [
    ...later("show", "list"),
    HELP,
    ...later("dump", "update", "lookup", "getnext", "delete", "pin"),
    {
      name: "event_pipe",
      syntax: ["MAP [cpu N index M]"],
      summary: "print the records of a perf event array as they come",
      run: async () => (await import("./event-pipe.ts")).pipeEvents,
    },
    ...later("create", "peek", "push", "enqueue", "pop", "dequeue", "freeze"),
    {
      name: "events",
      syntax: ["MAP [type TYPE]"],
      summary: "print the records of a ring buffer or perf event array as they come, one JSON document a line",
      run: async () => (await import("./events.ts")).showEvents,
    },
    {
      name: "watch",
      syntax: ["MAP [interval MS]"],
      summary: "print what changes in a map",
      run: async () => (await import("./watch.ts")).watchElements,
    },
  ],
};
