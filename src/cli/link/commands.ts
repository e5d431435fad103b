import type { ObjectEntry } from "../command/command.ts";
import { BPFFS, HELP, LINK, NOMOUNT, TABLE } from "../command/command.ts";

/** `bpfts link`. */
export const link: ObjectEntry = {
  name: "link",
  summary: "inspect, pin and detach links",
  grammar: [LINK],
  options: [BPFFS, NOMOUNT, TABLE],
  commands: [
    {
      name: "show",
      syntax: ["[LINK]"],
      summary: "list the links",
      help: () => ({
        examples: [
          ["bpfts link show", "show all links"],
          ["bpfts link show id 3", "show one link"],
        ],
      }),
      run: async () => (await import("./show.ts")).showLinks,
    },
    { name: "list", as: "show" },
    HELP,
    {
      name: "pin",
      changes: true,
      syntax: ["LINK  FILE"],
      summary: "pin a link to a file in a bpffs",
      help: () => ({
        examples: [["bpfts link pin id 3 /sys/fs/bpf/link", "keep a link after its process ends"]],
        words: {
          FILE: "the new pin, in a bpffs",
        },
      }),
      run: async () => (await import("./actions.ts")).pinLink,
    },
    {
      name: "detach",
      changes: true,
      syntax: ["LINK"],
      summary: "detach a link's program from its hook",
      help: () => ({
        examples: [["bpfts link detach id 3", "detach the program although the link stays open"]],
      }),
      run: async () => (await import("./actions.ts")).detachLink,
    },
  ],
};
