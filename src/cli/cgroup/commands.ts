import type { ObjectEntry } from "../command/command.ts";
import { HELP, PROG, TABLE } from "../command/command.ts";

/** `bpfts cgroup`. */
export const cgroup: ObjectEntry = {
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
    "                 cgroup_setsockopt | cgroup_inet_sock_release |",
    "                 lsm_cgroup }",
    "ATTACH_FLAGS := { multi | override | preorder }",
    "ORDER := { first | last | before PROG | after PROG }",
    PROG,
  ],
  options: [TABLE],
  commands: [
    {
      name: "show",
      syntax: ["CGROUP [effective] [details]"],
      summary: "list the programs attached to a cgroup",
      help: () => ({
        examples: [
          ["bpfts cgroup show /sys/fs/cgroup/system.slice", "show what is attached to a cgroup"],
          ["bpfts cgroup show /sys/fs/cgroup/system.slice effective", "show what runs in it, inherited programs too"],
        ],
        words: {
          effective: "the programs that run in the cgroup, inherited ones too",
          details: "show the link, the cgroup and the flags of each attachment",
        },
      }),
      run: async () => (await import("./show.ts")).showCgroup,
    },
    { name: "list", as: "show" },
    {
      name: "tree",
      syntax: ["[CGROUP_ROOT] [effective] [details] [except PATTERN]..."],
      summary: "list the programs attached to a cgroup and its descendants",
      help: () => ({
        examples: [
          ["bpfts cgroup tree", "show the attachments of all cgroups"],
          ["bpfts cgroup tree /sys/fs/cgroup except 'user-*.slice'", "leave out some cgroups"],
        ],
        words: {
          CGROUP_ROOT: "the cgroup to begin at; otherwise where the hierarchy is mounted",
          effective: "the programs that run in each cgroup, inherited ones too",
          details: "show the link, the cgroup and the flags of each attachment",
          except: "leave out cgroups that match the pattern, and their descendants",
        },
      }),
      run: async () => (await import("./show.ts")).showCgroupTree,
    },
    {
      name: "attach",
      changes: true,
      syntax: ["CGROUP ATTACH_TYPE PROG [ATTACH_FLAGS] [ORDER]"],
      summary: "attach a program to a cgroup",
      help: () => ({
        examples: [
          [
            "bpfts cgroup attach /sys/fs/cgroup/demo cgroup_inet_egress name egress multi",
            "attach a program in addition to others",
          ],
          ["bpfts cgroup attach /sys/fs/cgroup/demo cgroup_device id 42", "attach a program that no other may replace"],
        ],
        words: {
          multi: "other programs may be attached as well",
          override: "a descendant cgroup may replace it",
          preorder: "run it before programs without this flag",
          first: "run it before the others (Linux 6.17)",
          last: "run it after the others",
          before: "run it before this program",
          after: "run it after this program",
        },
      }),
      run: async () => (await import("./attach.ts")).attachToCgroup,
    },
    {
      name: "detach",
      changes: true,
      syntax: ["CGROUP ATTACH_TYPE PROG"],
      summary: "detach a program from a cgroup",
      help: () => ({
        examples: [["bpfts cgroup detach /sys/fs/cgroup/demo cgroup_inet_egress name egress", "detach a program"]],
      }),
      run: async () => (await import("./attach.ts")).detachFromCgroup,
    },
    HELP,
  ],
};
