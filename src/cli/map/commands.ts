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
    ...later("dump", "update", "lookup", "getnext", "delete", "pin", "event_pipe", "create", "peek", "push"),
    ...later("enqueue", "pop", "dequeue", "freeze"),
  ],
};
