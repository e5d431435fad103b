import type { CommandEntry, ObjectEntry } from "./command.ts";

const PROG = "PROG := { id PROG_ID | pinned FILE | tag PROG_TAG | name PROG_NAME }";
const MAP = "MAP := { id MAP_ID | pinned FILE | name MAP_NAME }";
const LINK = "LINK := { id LINK_ID | pinned FILE }";
const BPFFS = "{-f|--bpffs}";
const MAPCOMPAT = "{-m|--mapcompat}";
const NOMOUNT = "{-n|--nomount}";

const help: CommandEntry = { name: "help", syntax: [""], summary: "print this help" };

/** Commands that bpftool has and bpfts does not have yet, by name. */
function later(...names: string[]): CommandEntry[] {
  return names.map((name) => ({ name, changes: !READS.has(name) }));
}
const READS: ReadonlySet<string> = new Set(
  "show list dump lookup getnext event_pipe peek tracelog run profile probe list_builtins".split(" "),
);

const prog: ObjectEntry = {
  name: "prog",
  summary: "inspect, load and pin programs",
  grammar: [
    MAP,
    PROG,
    "TYPE := { socket | kprobe | kretprobe | classifier | action |",
    "          tracepoint | raw_tracepoint | xdp | perf_event | cgroup/skb |",
    "          cgroup/sock | cgroup/dev | lwt_in | lwt_out | lwt_xmit |",
    "          lwt_seg6local | sockops | sk_skb | sk_msg | lirc_mode2 |",
    "          sk_reuseport | flow_dissector | cgroup/sysctl |",
    "          cgroup/bind4 | cgroup/bind6 | cgroup/post_bind4 |",
    "          cgroup/post_bind6 | cgroup/connect4 | cgroup/connect6 |",
    "          cgroup/connect_unix | cgroup/getpeername4 | cgroup/getpeername6 |",
    "          cgroup/getpeername_unix | cgroup/getsockname4 | cgroup/getsockname6 |",
    "          cgroup/getsockname_unix | cgroup/sendmsg4 | cgroup/sendmsg6 |",
    "          cgroup/sendmsg_unix | cgroup/recvmsg4 | cgroup/recvmsg6 | cgroup/recvmsg_unix |",
    "          cgroup/getsockopt | cgroup/setsockopt | cgroup/sock_release |",
    "          struct_ops | fentry | fexit | fsession | freplace | sk_lookup }",
  ],
  options: [BPFFS, MAPCOMPAT, NOMOUNT],
  commands: [
    {
      name: "show",
      syntax: ["[PROG]"],
      summary: "list the loaded programs",
      run: async () => (await import("./prog/show.ts")).showPrograms,
    },
    { name: "list", as: "show" },
    help,
    {
      name: "dump",
      syntax: ["xlated PROG [{ file FILE | [opcodes] [linum] [visual] }]"],
      summary: "print a program's instructions",
      run: async () => (await import("./prog/dump.ts")).dumpPrograms,
    },
    {
      name: "pin",
      changes: true,
      syntax: ["PROG FILE"],
      summary: "pin a program to a file in a bpffs",
      run: async () => (await import("./prog/pin.ts")).pinProgram,
    },
    {
      name: "load",
      changes: true,
      syntax: [
        "OBJ  PATH \\",
        "                  [type TYPE] [map { idx IDX | name NAME } MAP]\\",
        "                  [pinmaps MAP_DIR]",
        "                  [autoattach]",
        "                  [kernel_btf BTF_FILE]",
      ],
      summary: "load an object file and pin its first program, or all",
      run: async () => (await import("./prog/load.ts")).loadFirst,
    },
    { name: "loadall", as: "load", changes: true, run: async () => (await import("./prog/load.ts")).loadAll },
    ...later("attach", "detach", "tracelog", "run", "profile"),
  ],
};

const map: ObjectEntry = {
  name: "map",
  summary: "inspect and change maps",
  grammar: [MAP],
  commands: [
    ...later("show", "list"),
    help,
    ...later("dump", "update", "lookup", "getnext", "delete", "pin", "event_pipe", "create", "peek", "push"),
    ...later("enqueue", "pop", "dequeue", "freeze"),
  ],
};

const link: ObjectEntry = {
  name: "link",
  summary: "inspect, pin and detach links",
  grammar: [LINK],
  options: [BPFFS, NOMOUNT],
  commands: [
    {
      name: "show",
      syntax: ["[LINK]"],
      summary: "list the links",
      run: async () => (await import("./link/show.ts")).showLinks,
    },
    { name: "list", as: "show" },
    help,
    {
      name: "pin",
      changes: true,
      syntax: ["LINK  FILE"],
      summary: "pin a link to a file in a bpffs",
      run: async () => (await import("./link/pin.ts")).pinLink,
    },
    {
      name: "detach",
      changes: true,
      syntax: ["LINK"],
      summary: "take a link's program off its hook",
      run: async () => (await import("./link/detach.ts")).detachLink,
    },
  ],
};

const cgroup: ObjectEntry = {
  name: "cgroup",
  summary: "inspect and change the programs of cgroups",
  grammar: [
    "ATTACH_TYPE := { cgroup_inet_ingress | cgroup_inet_egress |",
    "                 cgroup_inet_sock_create | cgroup_sock_ops |",
    "                 cgroup_device | cgroup_inet4_bind |",
    "                 cgroup_inet6_bind | cgroup_inet4_post_bind |",
    "                 cgroup_inet6_post_bind | cgroup_inet4_connect |",
    "                 cgroup_inet6_connect | cgroup_unix_connect |",
    "                 cgroup_inet4_getpeername | cgroup_inet6_getpeername |",
    "                 cgroup_unix_getpeername | cgroup_inet4_getsockname |",
    "                 cgroup_inet6_getsockname | cgroup_unix_getsockname |",
    "                 cgroup_udp4_sendmsg | cgroup_udp6_sendmsg |",
    "                 cgroup_unix_sendmsg | cgroup_udp4_recvmsg |",
    "                 cgroup_udp6_recvmsg | cgroup_unix_recvmsg |",
    "                 cgroup_sysctl | cgroup_getsockopt |",
    "                 cgroup_setsockopt | cgroup_inet_sock_release }",
    "ATTACH_FLAGS := { multi | override }",
    PROG,
  ],
  commands: [
    {
      name: "show",
      syntax: ["CGROUP [effective]"],
      summary: "list the programs attached to a cgroup",
      run: async () => (await import("./cgroup/show.ts")).showCgroup,
    },
    { name: "list", as: "show" },
    {
      name: "tree",
      syntax: ["[CGROUP_ROOT] [effective]"],
      summary: "list the programs attached to a cgroup and all below it",
      run: async () => (await import("./cgroup/tree.ts")).showCgroupTree,
    },
    {
      name: "attach",
      changes: true,
      syntax: ["CGROUP ATTACH_TYPE PROG [ATTACH_FLAGS]"],
      summary: "attach a program to a cgroup",
      run: async () => (await import("./cgroup/attach.ts")).attachToCgroup,
    },
    {
      name: "detach",
      changes: true,
      syntax: ["CGROUP ATTACH_TYPE PROG"],
      summary: "detach a program from a cgroup",
      run: async () => (await import("./cgroup/attach.ts")).detachFromCgroup,
    },
    help,
  ],
};

const structOps: readonly CommandEntry[] = [...later("show", "list", "register", "unregister", "dump"), help];

/** All that a command line can begin with, in bpftool's order: the first entry that the word begins is meant. */
export const COMMANDS: readonly ObjectEntry[] = [
  { name: "help", summary: "print help" },
  { name: "batch", summary: "run the commands of a file" },
  prog,
  map,
  link,
  cgroup,
  { name: "perf", summary: "inspect perf events", commands: [...later("show", "list"), help] },
  {
    name: "net",
    summary: "inspect and change network attachments",
    commands: [...later("show", "list", "attach", "detach"), help],
  },
  { name: "feature", summary: "inspect the kernel's features", commands: [...later("probe", "list_builtins"), help] },
  { name: "btf", summary: "inspect BTF", commands: [...later("show", "list"), help, ...later("dump")] },
  {
    name: "gen",
    summary: "generate code",
    commands: [...later("object", "skeleton", "subskeleton", "min_core_btf"), help],
  },
  { name: "struct_ops", summary: "inspect and register struct_ops", commands: structOps },
  { name: "iter", summary: "pin iterators", commands: [help, ...later("pin")] },
  { name: "token", summary: "inspect bpf tokens", commands: [...later("show", "list"), help] },
  {
    name: "version",
    summary: "print the version",
    run: async () => (await import("./version.ts")).showVersion,
  },
];
