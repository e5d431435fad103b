import type { ObjectEntry } from "../command/command.ts";
import { BPFFS, HELP, MAP, NOMOUNT, PROG } from "../command/command.ts";

const MAPCOMPAT = "{-m|--mapcompat}";
const LOADER = "{-L|--use-loader} | [ {-S|--sign } {-k} <private_key.pem> {-i} <certificate.x509> ]";

/** The options of `prog show` that bpftool does not have. */
const SHOW_OPTIONS = "{--details} | {--type TYPE} | {--pid PID} | {--cgroup PATH} | {--map MAP}";

/** `bpfts prog`. */
export const prog: ObjectEntry = {
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
    "ATTACH_TYPE := { sk_msg_verdict | sk_skb_verdict | sk_skb_stream_verdict |",
    "                 sk_skb_stream_parser | flow_dissector }",
    "METRIC := { cycles | instructions | l1d_loads | llc_misses | itlb_misses | dtlb_misses |",
    "            task_clock | page_faults | context_switches }",
  ],
  options: [BPFFS, MAPCOMPAT, NOMOUNT, LOADER, SHOW_OPTIONS],
  commands: [
    {
      name: "show",
      syntax: ["[PROG]"],
      summary: "list the loaded programs",
      run: async () => (await import("./show.ts")).showPrograms,
    },
    { name: "list", as: "show" },
    HELP,
    {
      name: "dump",
      syntax: [
        "xlated PROG [{ file FILE | [opcodes] [linum] [visual] }]",
        "jited  PROG [{ file FILE | [opcodes] [linum] }]",
      ],
      summary: "print a program's instructions, or its machine code",
      run: async () => (await import("./dump.ts")).dumpPrograms,
    },
    {
      name: "pin",
      changes: true,
      syntax: ["PROG FILE"],
      summary: "pin a program to a file in a bpffs",
      run: async () => (await import("./actions.ts")).pinProgram,
    },
    {
      name: "load",
      changes: true,
      syntax: [
        "OBJ  PATH \\",
        "                  [type TYPE] [{ offload_dev | xdpmeta_dev } NAME] \\",
        "                  [map { idx IDX | name NAME } MAP]\\",
        "                  [pinmaps MAP_DIR]",
        "                  [autoattach]",
        "                  [kernel_btf BTF_FILE]",
      ],
      summary: "load an object file and pin its first program, or all",
      run: async () => (await import("./load.ts")).loadFirst,
    },
    { name: "loadall", as: "load", changes: true, run: async () => (await import("./load.ts")).loadAll },
    {
      name: "attach",
      changes: true,
      syntax: ["PROG ATTACH_TYPE [MAP]"],
      summary: "attach a program to a sockmap, or as flow dissector of this network namespace",
      run: async () => (await import("./actions.ts")).attachProgram,
    },
    {
      name: "detach",
      changes: true,
      syntax: ["PROG ATTACH_TYPE [MAP]"],
      summary: "detach a program again",
      run: async () => (await import("./actions.ts")).detachProgram,
    },
    {
      name: "tracelog",
      syntax: ["[{ stdout | stderr } PROG]"],
      summary: "print what programs log, until Ctrl-C; or what one wrote to its streams",
      run: async () => (await import("./tracelog.ts")).traceLogOf,
    },
    {
      name: "run",
      syntax: [
        "PROG \\",
        "                  data_in FILE \\",
        "                  [data_out FILE [data_size_out L]] \\",
        "                  [ctx_in FILE [ctx_out FILE [ctx_size_out M]]] \\",
        "                  [repeat N]",
      ],
      summary: "run a program on input from files, without its hook",
      run: async () => (await import("./run.ts")).runProgram,
    },
    {
      name: "profile",
      syntax: ["PROG [duration DURATION] [func NAME] METRICs"],
      summary: "measure each run of a program, or of one of its functions",
      run: async () => (await import("./profile.ts")).profileRuns,
    },
  ],
};
