/**
 * The main job on the running kernel: load an object, attach its programs by links to a cgroup of our own and to a
 * tracepoint, make traffic inside, print what the programs counted, show what is loaded and attached, remove it all.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { attachCgroup, attachTracepoint, BpfError, KernelLink, loadObject } from "bpfts";
import { cgroup2Mount, hasCapability } from "bpfts/sys";

/** Key and value of the map `counts`, as the object's C source declares them; BTF decodes them. */
interface Flow {
  protocol: number;
  egress: number;
  port: number;
}
interface Traffic {
  packets: bigint;
  bytes: bigint;
}
/** A value of the map `forks`, whose keys are process ids as the kernel knows them: in a container not as /proc does. */
interface Forks {
  count: bigint;
  comm: string;
}

const root = join(import.meta.dirname, "../..");
const PROTOCOLS: Readonly<Record<number, string>> = { 1: "icmp", 6: "tcp", 17: "udp" };

function bpfts(...args: string[]): void {
  console.log(`\n# bpfts ${args.join(" ")}`);
  process.stdout.write(
    execFileSync(process.execPath, [join(root, "dist/bin/bpfts.js"), ...args], { encoding: "utf8" }),
  );
}

function main(): void {
  const needed = ["CAP_BPF", "CAP_NET_ADMIN", "CAP_PERFMON", "CAP_SYS_ADMIN"] as const;
  const missing = needed.filter((name) => !hasCapability(name));
  if (missing.length > 0) {
    throw new BpfError(
      "USAGE",
      `the demo needs ${missing.join(", ")}: run it as root, for instance: sudo npm run demo`,
    );
  }

  const mount = cgroup2Mount();
  if (mount === undefined) throw new BpfError("USAGE", "no cgroup v2 is mounted: mount -t cgroup2 none /sys/fs/cgroup");
  const cgroup = join(mount, `bpfts-demo-${process.pid}`);
  mkdirSync(cgroup);
  try {
    using object = loadObject(join(root, "test/bpf/counter.bpf.o"));
    const ingress = object.program("ingress");
    const egress = object.program("egress");
    const forked = object.program("forked");
    using _in = attachCgroup(ingress, { cgroup });
    using _out = attachCgroup(egress, { cgroup });
    using _fork = attachTracepoint(forked);
    console.log(`loaded test/bpf/counter.bpf.o and attached it to ${cgroup} and sched/sched_process_fork`);

    // A process of its own joins the cgroup and talks to itself over loopback.
    const traffic = `echo $$ > "${cgroup}/cgroup.procs" && exec "$0" "$1"`;
    execFileSync("sh", ["-c", traffic, process.execPath, join(import.meta.dirname, "traffic.js")], {
      stdio: "inherit",
    });

    console.log("\nwhat the programs counted, decoded by the map's BTF:");
    for (const [flow, counted] of object.map<Flow, Traffic>("counts")) {
      const protocol = PROTOCOLS[flow.protocol] ?? `protocol ${flow.protocol}`;
      const direction = flow.egress === 1 ? "egress " : "ingress";
      console.log(
        `  ${direction} ${protocol} to port ${flow.port}: ${counted.packets} packets, ${counted.bytes} bytes`,
      );
    }
    console.log(`  the global variable packets_seen: ${object.variable("packets_seen").value}`);
    const own = readFileSync("/proc/self/comm", "utf8").trim();
    let forks = 0n;
    for (const [, { comm, count }] of object.map<number, Forks>("forks")) if (comm === own) forks += count;
    console.log(`  forks of processes called ${own}: ${forks}`);

    for (const program of [ingress, egress, forked]) bpfts("prog", "show", "id", String(program.id));
    bpfts("link", "show", "id", String(_out.id));
    // Before 5.15 a tracepoint has no link: the attachment is this process's alone.
    if (_fork instanceof KernelLink) bpfts("link", "show", "id", String(_fork.id));
    bpfts("cgroup", "show", cgroup);
  } finally {
    rmdirSync(cgroup);
  }
  console.log("\neverything is detached and removed");
}

try {
  main();
} catch (error) {
  if (!(error instanceof BpfError)) throw error;
  console.error(`Error: ${error.message}`);
  process.exitCode = 1;
}
