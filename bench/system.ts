import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProgRow } from "./prog.ts";

const MISSING = "there is no bpftool; run scripts/peers.sh";
const DEVICES = 100;
const PROCESSES = 500;
/** The file by which the scene's process says that its network namespace is ready. It contains the process's id. */
const READY = join(tmpdir(), `bpfts-bench-netns-${process.pid}`);

/** Returns the rows for commands that inspect the system. `bpftool` is the path of the bpftool to compare with. */
export function systemRows(bpftool: string | undefined): ProgRow[] {
  const row = (name: string, words: string, scene: ProgRow["scene"], prefix = ""): ProgRow => {
    const side = (label: string, command: string) =>
      ({ label, command: ["sh", "-c", `exec ${prefix}${command} ${words} >/dev/null`], figure: "wall" }) as const;
    return {
      name,
      goal: undefined,
      runs: 15,
      scene,
      ours: side("bpfts", `${process.execPath} dist/bin/bpfts.js`),
      peer: bpftool === undefined ? { missing: MISSING } : side("bpftool", bpftool),
    };
  };
  const here: ProgRow["scene"] = (measure) => measure();
  const inside = `nsenter --net=/proc/$(cat ${READY})/ns/net `;
  return [
    row(`net show, ${DEVICES} devices`, "net show", withDevices, inside),
    row(`perf show, ${PROCESSES} processes`, "perf show", withProcesses),
    row("feature probe", "feature probe", here),
    row("struct_ops show", "struct_ops show", here),
  ];
}

/** Runs `measure` while a network namespace with many devices exists. */
function withDevices(measure: () => void): void {
  const script = `for i in $(seq ${DEVICES}); do ip link add d$i type dummy; done; echo $$ >${READY}; exec sleep 1000`;
  const child = spawn("unshare", ["--net", "sh", "-c", script], { stdio: "ignore" });
  try {
    while (!existsSync(READY)) execFileSync("sleep", ["0.1"]);
    measure();
  } finally {
    child.kill();
    rmSync(READY, { force: true });
  }
}

/** Runs `measure` while many other processes exist. */
function withProcesses(measure: () => void): void {
  const children: ChildProcess[] = [];
  try {
    for (let i = 0; i < PROCESSES; i++) children.push(spawn("sleep", ["1000"], { stdio: "ignore" }));
    measure();
  } finally {
    for (const child of children) child.kill();
  }
}
