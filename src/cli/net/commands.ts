import type { ObjectEntry } from "../command/command.ts";
import { HELP, PROG, TABLE } from "../command/command.ts";

/** `bpfts net`. */
export const net: ObjectEntry = {
  name: "net",
  summary: "inspect and change network attachments",
  grammar: [
    PROG,
    "ATTACH_TYPE := { xdp | xdpgeneric | xdpdrv | xdpoffload | tcx_ingress",
    "                 | tcx_egress }",
  ],
  options: [TABLE],
  commands: [
    {
      name: "show",
      syntax: ["[dev <devname>] [netns FILE]"],
      summary: "list the programs of network devices and namespaces",
      help: () => ({
        examples: [
          ["bpfts net show", "show what is attached to all devices of this network namespace"],
          ["bpfts net show dev eth0", "show one device"],
          ["bpfts net --table", "show a table, one line for each program"],
          ["bpfts net show netns /run/netns/blue", "show another network namespace"],
        ],
        words: {
          dev: "show only this device",
          netns: "show another network namespace: a file such as /run/netns/NAME or /proc/PID/ns/net",
        },
      }),
      run: async () => (await import("./show.ts")).showNet,
    },
    { name: "list", as: "show" },
    {
      name: "attach",
      changes: true,
      syntax: ["ATTACH_TYPE PROG dev <devname> [ overwrite | prepend ]"],
      summary: "attach a program to a network device",
      help: () => ({
        examples: [
          ["bpfts net attach xdp name filter dev eth0", "attach an XDP program"],
          ["bpfts net attach tcx_ingress id 42 dev eth0 prepend", "put a program before the others"],
        ],
        words: {
          dev: "the network device",
          overwrite: "replace the XDP program that is there",
          prepend: "put it before the programs that are there (tcx)",
        },
      }),
      run: async () => (await import("./actions.ts")).attachToDevice,
    },
    {
      name: "detach",
      changes: true,
      syntax: ["ATTACH_TYPE dev <devname>"],
      summary: "detach a program from a network device",
      help: () => ({
        examples: [["bpfts net detach xdp dev eth0", "detach the XDP program from a device"]],
        words: {
          dev: "the network device",
        },
      }),
      run: async () => (await import("./actions.ts")).detachFromDevice,
    },
    HELP,
  ],
};
