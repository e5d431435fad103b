import type { ObjectEntry } from "../command/command.ts";
import { BPFFS, HELP, MAP, NOMOUNT, PROG, TABLE } from "../command/command.ts";

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
  options: [BPFFS, MAPCOMPAT, NOMOUNT, LOADER, SHOW_OPTIONS, TABLE],
  commands: [
    {
      name: "show",
      syntax: ["[PROG]"],
      summary: "list the loaded programs",
      help: () => ({
        examples: [
          ["bpfts prog show", "show all loaded programs"],
          ["bpfts prog show name egress", "show the programs of a name"],
          ["bpfts prog --columns id,name,maps,pids --sort name", "show a table with these columns, sorted by name"],
          ["bpfts -f prog show pinned /sys/fs/bpf/filter", "show a pinned program and its pins"],
        ],
      }),
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
      help: () => ({
        examples: [
          ["bpfts prog dump xlated id 42", "print the instructions that the kernel runs, with source lines"],
          ["bpfts prog dump jited name egress", "print the machine code"],
          ["bpfts prog dump xlated id 42 visual > egress.dot", "write the control-flow graph for Graphviz"],
        ],
        words: {
          xlated: "the instructions after the verifier's changes",
          jited: "the machine code",
          file: "write the bytes to this file",
          opcodes: "print the bytes of each instruction too",
          linum: "print file, line and column of the source lines",
          visual: "print the control-flow graph in the DOT language",
        },
      }),
      run: async () => (await import("./dump.ts")).dumpPrograms,
    },
    {
      name: "pin",
      changes: true,
      syntax: ["PROG FILE"],
      summary: "pin a program to a file in a bpffs",
      help: () => ({
        examples: [["bpfts prog pin id 42 /sys/fs/bpf/egress", "keep a program after its process ends"]],
        words: {
          FILE: "the new pin, in a bpffs",
        },
      }),
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
      summary: "load an object file and pin its first program, or all programs",
      help: () => ({
        examples: [
          ["bpfts prog load counter.bpf.o /sys/fs/bpf/counter", "load the first program of a file and pin it"],
          [
            "bpfts prog loadall counter.bpf.o /sys/fs/bpf/counter pinmaps /sys/fs/bpf/maps",
            "load all programs, and pin programs and maps each in a directory",
          ],
          [
            "bpfts prog load counter.bpf.o /sys/fs/bpf/counter map name counts id 7",
            "use the map with id 7 in place of the file's own map",
          ],
        ],
        words: {
          type: "the program type, if the section's name does not give it",
          offload_dev: "offload the program to this network device",
          xdpmeta_dev: "bind the program to this network device, for its metadata",
          map: "replace a map of the file with one that exists",
          idx: "the map by its place in the file",
          name: "the map by its name",
          pinmaps: "pin the maps in this directory",
          autoattach: "attach each program as its section says, and pin the link instead of the program",
          kernel_btf: "relocate for this kernel instead of the running one",
        },
      }),
      run: async () => (await import("./load.ts")).loadFirst,
    },
    { name: "loadall", as: "load", changes: true, run: async () => (await import("./load.ts")).loadAll },
    {
      name: "attach",
      changes: true,
      syntax: ["PROG ATTACH_TYPE [MAP]"],
      summary: "attach a program to a sockmap, or as flow dissector of this network namespace",
      help: () => ({
        examples: [
          [
            "bpfts prog attach id 42 sk_msg_verdict id 7",
            "let a program decide on the messages of the sockets of map 7",
          ],
        ],
      }),
      run: async () => (await import("./actions.ts")).attachProgram,
    },
    {
      name: "detach",
      changes: true,
      syntax: ["PROG ATTACH_TYPE [MAP]"],
      summary: "detach a program from a sockmap, or the flow dissector of this network namespace",
      help: () => ({
        examples: [["bpfts prog detach id 42 sk_msg_verdict id 7", "detach the program from the map"]],
      }),
      run: async () => (await import("./actions.ts")).detachProgram,
    },
    {
      name: "tracelog",
      syntax: ["[{ stdout | stderr } PROG]"],
      summary: "print the kernel's trace log until Ctrl-C, or what a program wrote to its streams",
      help: () => ({
        examples: [
          ["bpfts prog tracelog", "print what programs log with bpf_printk(), until Ctrl-C"],
          ["bpfts prog tracelog stderr id 42", "print what one program wrote to its error stream"],
        ],
        words: {
          stdout: "the program's output stream (Linux 6.17)",
          stderr: "the program's error stream (Linux 6.17)",
        },
      }),
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
      summary: "test-run a program with input from files",
      help: () => ({
        examples: [
          [
            "bpfts prog run id 42 data_in packet.bin data_out - repeat 1000",
            "run a program 1000 times on a packet and print the packet after the run",
          ],
        ],
        words: {
          data_in: "the packet; '-' is standard input",
          data_out: "where the packet goes afterwards; '-' is standard output",
          data_size_out: "the size of the buffer for it",
          ctx_in: "the context, for program types that take one",
          ctx_out: "where the context goes afterwards",
          ctx_size_out: "the size of the buffer for it",
          repeat: "how often to run; the time shown is the mean of one run",
          L: "a number of bytes",
          M: "a number of bytes",
        },
      }),
      run: async () => (await import("./run.ts")).runProgram,
    },
    {
      name: "profile",
      syntax: ["PROG [duration DURATION] [func NAME] METRICs"],
      summary: "measure each run of a program, or of one of its functions",
      help: () => ({
        examples: [
          [
            "bpfts prog profile id 42 duration 10 cycles instructions",
            "count cycles and instructions of each run for ten seconds",
          ],
          [
            "bpfts prog profile name egress task_clock",
            "measure the time of each run until Ctrl-C; this works in virtual machines too",
          ],
        ],
        words: {
          DURATION: "seconds; without it until Ctrl-C",
          func: "measure only this subprogram",
        },
      }),
      run: async () => (await import("./profile.ts")).profileRuns,
    },
  ],
};
