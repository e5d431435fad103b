import type { ObjectEntry } from "../command/command.ts";
import { BPFFS, HELP, LINK, NOMOUNT } from "../command/command.ts";

/** `bpfts link`. */
export const link: ObjectEntry = {
  name: "link",
  summary: "inspect, pin and detach links",
  grammar: [LINK],
  options: [BPFFS, NOMOUNT],
  commands: [
    {
      name: "show",
      syntax: ["[LINK]"],
      summary: "list the links",
      run: async () => (await import("./show.ts")).showLinks,
    },
    { name: "list", as: "show" },
    HELP,
    {
      name: "pin",
      changes: true,
      syntax: ["LINK  FILE"],
      summary: "pin a link to a file in a bpffs",
      run: async () => (await import("./actions.ts")).pinLink,
    },
    {
      name: "detach",
      changes: true,
      syntax: ["LINK"],
      summary: "take a link's program off its hook",
      run: async () => (await import("./actions.ts")).detachLink,
    },
  ],
};
