// Compares `bpfts cgroup tree` with bpftool on a tree of 1,000 cgroups, each with 10 attachments. Measures whole
// processes: node .build/bench/cgroup-tree.js [RUNS]
import { mkdirSync, openSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { cgroup2Mount, closeFd, progAttach, progLoad } from "bpfts/sys";
import { BpfAttachFlag, BpfAttachType, BpfProgType } from "bpfts/uapi";
import { comparePair } from "./pairs.ts";

const a = BpfAttachType;
const p = BpfProgType;
/** Ten hooks for seven program types. */
const MANY = [
  [p.BPF_PROG_TYPE_CGROUP_SKB, a.BPF_CGROUP_INET_INGRESS],
  [p.BPF_PROG_TYPE_CGROUP_SKB, a.BPF_CGROUP_INET_EGRESS],
  [p.BPF_PROG_TYPE_CGROUP_SOCK, a.BPF_CGROUP_INET_SOCK_CREATE],
  [p.BPF_PROG_TYPE_CGROUP_SOCK, a.BPF_CGROUP_INET_SOCK_RELEASE],
  [p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, a.BPF_CGROUP_INET4_BIND],
  [p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, a.BPF_CGROUP_INET4_CONNECT],
  [p.BPF_PROG_TYPE_SOCK_OPS, a.BPF_CGROUP_SOCK_OPS],
  [p.BPF_PROG_TYPE_CGROUP_DEVICE, a.BPF_CGROUP_DEVICE],
  [p.BPF_PROG_TYPE_CGROUP_SYSCTL, a.BPF_CGROUP_SYSCTL],
  [p.BPF_PROG_TYPE_CGROUP_SOCKOPT, a.BPF_CGROUP_GETSOCKOPT],
] as const;
/** Ten programs at two hooks, as service managers attach them. */
const FEW = Array.from(
  { length: 10 },
  (_, i) => [p.BPF_PROG_TYPE_CGROUP_SKB, i % 2 === 0 ? a.BPF_CGROUP_INET_INGRESS : a.BPF_CGROUP_INET_EGRESS] as const,
);
/** `r0 = 1; exit`. */
const ALLOW = Uint8Array.of(0xb7, 0, 0, 0, 1, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);
const WIDTH = 31;
const CGROUPS = 1000;

const root = join(cgroup2Mount() ?? "/sys/fs/cgroup", `bpfts-bench-${process.pid}`);
const runs = Number(process.argv[2] ?? 15);

function withTree(hooks: readonly (readonly [progType: number, attachType: number])[], measure: () => void): void {
  const programs = hooks.map(([prog_type, expected_attach_type]) =>
    progLoad({ prog_type, expected_attach_type, insns: ALLOW, prog_name: "bench" }),
  );
  const made: string[] = [];
  try {
    for (let i = 0; i < CGROUPS; i++) {
      const parent = made[Math.ceil(i / WIDTH) - 1];
      const path = parent === undefined ? root : join(parent, `c${i}`);
      mkdirSync(path);
      made.push(path);
      const fd = openSync(path, "r");
      hooks.forEach(([, type], k) => {
        progAttach(programs[k] as number, fd, type, { attach_flags: BpfAttachFlag.BPF_F_ALLOW_MULTI });
      });
      closeFd(fd);
    }
    measure();
  } finally {
    for (const path of made.reverse()) rmdirSync(path);
    for (const fd of programs) closeFd(fd);
  }
}

const trees = [
  ["ten hooks of seven types", MANY],
  ["ten programs at two hooks", FEW],
] as const;
for (const [name, hooks] of trees) {
  withTree(hooks, () => {
    const ours = [process.execPath, "dist/bin/bpfts.js", "cgroup", "tree", root];
    const theirs = [".cache/peers/bpftool", "cgroup", "tree", root];
    const {
      ours: mine,
      peer,
      ratio,
    } = comparePair(
      { label: "bpfts", command: ours, figure: "wall" },
      { label: "bpftool", command: theirs, figure: "wall" },
      runs,
    );
    const ms = (ns: number): string => (ns / 1e6).toFixed(1);
    console.log(`${name}: bpfts ${ms(mine)} ms, bpftool ${ms(peer)} ms, ratio ${ratio.toFixed(2)}`);
  });
}
