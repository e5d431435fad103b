// A child process that attaches programs to a raw tracepoint, a tracepoint, a uprobe and a uretprobe. It prints the ids
// of the programs, and ends when its standard input ends.
import { readFileSync } from "node:fs";
import {
  perfEventEnable,
  perfEventOpen,
  perfEventSetBpf,
  progInfo,
  progLoad,
  rawTracepointOpen,
  tracepointId,
} from "../../src/sys/index.ts";
import { BpfProgType, PerfType } from "../../src/uapi/index.ts";
import { returning } from "./programs.ts";

const raw = progLoad({ prog_type: BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT, insns: returning(0) });
rawTracepointOpen(raw, { name: "sys_enter" });

function attach(program: number, event: Parameters<typeof perfEventOpen>[0]): void {
  const fd = perfEventOpen(event);
  perfEventSetBpf(fd, program);
  perfEventEnable(fd);
}

const tracepoint = progLoad({ prog_type: BpfProgType.BPF_PROG_TYPE_TRACEPOINT, insns: returning(0) });
attach(tracepoint, {
  type: PerfType.PERF_TYPE_TRACEPOINT,
  config: BigInt(tracepointId("sched", "sched_process_exit") ?? 0),
  pid: process.pid,
  cpu: -1,
});
const probe = progLoad({ prog_type: BpfProgType.BPF_PROG_TYPE_KPROBE, insns: returning(0) });
const uprobe = {
  type: Number(readFileSync("/sys/bus/event_source/devices/uprobe/type", "utf8")),
  path: process.execPath,
  config2: 0x1000,
  pid: process.pid,
  cpu: -1,
};
attach(probe, uprobe);
attach(probe, { ...uprobe, config: 1n });
console.log(
  JSON.stringify({ rawProgId: progInfo(raw).id, progId: progInfo(tracepoint).id, probeProgId: progInfo(probe).id }),
);
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
