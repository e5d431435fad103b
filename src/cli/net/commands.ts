import type { ObjectEntry } from "../command/command.ts";
import { HELP, PROG } from "../command/command.ts";

/** `bpfts net`. */
export const net: ObjectEntry = {
  name: "net",
  summary: "inspect and change network attachments",
  grammar: [
    PROG,
    "ATTACH_TYPE := { xdp | xdpgeneric | xdpdrv | xdpoffload | tcx_ingress",
    "                 | tcx_egress }",
  ],
  commands: [
    {
      name: "show",
      syntax: ["[dev <devname>] [netns FILE]"],
      summary: "list the programs of network devices and namespaces",
      run: async () => (await import("./show.ts")).showNet,
    },
    { name: "list", as: "show" },
    {
      name: "attach",
      changes: true,
      syntax: ["ATTACH_TYPE PROG dev <devname> [ overwrite | prepend ]"],
      summary: "attach a program to a network device",
      run: async () => (await import("./actions.ts")).attachToDevice,
    },
    {
      name: "detach",
      changes: true,
      syntax: ["ATTACH_TYPE dev <devname>"],
      summary: "detach a program from a network device",
      run: async () => (await import("./actions.ts")).detachFromDevice,
    },
    HELP,
  ],
};
