import assert from "node:assert/strict";
import { closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type TestContext, test } from "node:test";
import { Btf, BtfKind } from "../../../src/btf/index.ts";
import {
  cgroupId,
  linkCreate,
  linkInfo,
  mapCreate,
  mapInfo,
  mount,
  objPin,
  type ProgLoadOptions,
  perfEventOpen,
  progInfo,
  progLoad,
  rawTracepointOpen,
  unmount,
} from "../../../src/sys/index.ts";
import {
  BpfAttachType,
  BpfCgroupIterOrder,
  BpfMapType,
  BpfProgType,
  BpfUprobeMultiFlag,
} from "../../../src/uapi/index.ts";
import { withBpffs } from "../../support/bpffs.ts";
import { withCgroup } from "../../support/cgroup.ts";
import { owned } from "../../support/cleanup.ts";
import { lacking } from "../../support/feature.ts";
import { removePeer, withNetns, withVeth } from "../../support/netns.ts";
import { returning } from "../../support/programs.ts";
import { assertParity, bpfts, type Placeholders } from "../run.ts";

const a = BpfAttachType;
const p = BpfProgType;

/** A link of one kind, and what of its output differs from run to run. */
interface Made {
  readonly link: number;
  readonly program: number;
  readonly placeholders?: Placeholders;
}

function program(
  t: TestContext,
  prog_type: number,
  options: Partial<ProgLoadOptions> & { returns?: number } = {},
): number {
  const { returns = 0, ...rest } = options;
  return owned(t, progLoad({ prog_type, insns: returning(returns), prog_name: "test_link", ...rest }));
}

function directory(t: TestContext, path: string): number {
  const fd = openSync(path, "r");
  t.after(() => closeSync(fd));
  return fd;
}

function iterator(t: TestContext, target: string, options: Parameters<typeof linkCreate>[3] = {}): Made {
  const kernel = Btf.parse(readFileSync("/sys/kernel/btf/vmlinux"), { source: "vmlinux" });
  const attach_btf_id = kernel.find(`bpf_iter_${target}`, BtfKind.FUNC);
  assert.ok(attach_btf_id !== undefined, `this kernel has no iterator ${target}`);
  const fd = program(t, p.BPF_PROG_TYPE_TRACING, { expected_attach_type: a.BPF_TRACE_ITER, attach_btf_id });
  return { program: fd, link: owned(t, linkCreate(fd, 0, a.BPF_TRACE_ITER, options)) };
}

function perfEvent(t: TestContext, event: Parameters<typeof perfEventOpen>[0], type: number, cookie: bigint): Made {
  const fd = program(t, type);
  const target = owned(t, perfEventOpen(event));
  return {
    program: fd,
    link: owned(t, linkCreate(fd, target, a.BPF_PERF_EVENT, { perf_event: { bpf_cookie: cookie } })),
  };
}

function copyOfTrue(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "bpfts-cli-"));
  t.after(() => rmSync(directory, { recursive: true }));
  copyFileSync("/bin/true", join(directory, "true"));
  return join(directory, "true");
}

function uprobeType(): number {
  return Number(readFileSync("/sys/bus/event_source/devices/uprobe/type", "utf8"));
}

const KINDS: Record<string, (t: TestContext) => Made> = {
  cgroup(t) {
    const { fd, path } = withCgroup(t);
    const prog = program(t, p.BPF_PROG_TYPE_CGROUP_SKB, { expected_attach_type: a.BPF_CGROUP_INET_EGRESS, returns: 1 });
    const link = owned(t, linkCreate(prog, fd, a.BPF_CGROUP_INET_EGRESS));
    return { program: prog, link, placeholders: [[cgroupId(path), "cgroup"]] };
  },
  xdp(t) {
    const { name, ifindex } = withVeth(t);
    const prog = program(t, p.BPF_PROG_TYPE_XDP, { returns: 2 });
    const link = owned(t, linkCreate(prog, ifindex, a.BPF_XDP));
    return {
      program: prog,
      link,
      placeholders: [
        [name, "device"],
        [ifindex, "ifindex"],
      ],
    };
  },
  "xdp whose device is gone"(t) {
    const veth = withVeth(t);
    const prog = program(t, p.BPF_PROG_TYPE_XDP, { returns: 2 });
    const link = owned(t, linkCreate(prog, veth.ifindex, a.BPF_XDP));
    removePeer(veth);
    return { program: prog, link };
  },
  tcx(t) {
    const { name, ifindex } = withVeth(t);
    const prog = program(t, p.BPF_PROG_TYPE_SCHED_CLS);
    const link = owned(t, linkCreate(prog, ifindex, a.BPF_TCX_INGRESS));
    return {
      program: prog,
      link,
      placeholders: [
        [name, "device"],
        [ifindex, "ifindex"],
      ],
    };
  },
  netns(t) {
    const { path } = withNetns(t);
    const prog = program(t, p.BPF_PROG_TYPE_FLOW_DISSECTOR);
    const link = owned(t, linkCreate(prog, directory(t, path), a.BPF_FLOW_DISSECTOR));
    return { program: prog, link, placeholders: [[statSync(path).ino, "netns"]] };
  },
  netfilter(t) {
    const prog = program(t, p.BPF_PROG_TYPE_NETFILTER, { expected_attach_type: a.BPF_NETFILTER, returns: 1 });
    const netfilter = { pf: 2, hooknum: 1, priority: -12345 };
    return { program: prog, link: owned(t, linkCreate(prog, 0, a.BPF_NETFILTER, { netfilter })) };
  },
  "netfilter of IPv6 at the last hook"(t) {
    const prog = program(t, p.BPF_PROG_TYPE_NETFILTER, { expected_attach_type: a.BPF_NETFILTER, returns: 1 });
    const netfilter = { pf: 10, hooknum: 4, priority: 12345 };
    return { program: prog, link: owned(t, linkCreate(prog, 0, a.BPF_NETFILTER, { netfilter })) };
  },
  sockmap(t) {
    const map = owned(
      t,
      mapCreate({ map_type: BpfMapType.BPF_MAP_TYPE_SOCKMAP, key_size: 4, value_size: 4, max_entries: 1 }),
    );
    const prog = program(t, p.BPF_PROG_TYPE_SK_MSG, { expected_attach_type: a.BPF_SK_MSG_VERDICT, returns: 1 });
    const link = owned(t, linkCreate(prog, map, a.BPF_SK_MSG_VERDICT));
    return { program: prog, link, placeholders: [[mapInfo(map).id, "map"]] };
  },
  raw_tracepoint(t) {
    const prog = program(t, p.BPF_PROG_TYPE_RAW_TRACEPOINT);
    return { program: prog, link: owned(t, rawTracepointOpen(prog, { name: "sys_enter" })) };
  },
  "raw_tracepoint with a cookie above 2^53"(t) {
    const prog = program(t, p.BPF_PROG_TYPE_RAW_TRACEPOINT);
    const cookie = 0xfedcba9876543210n;
    return { program: prog, link: owned(t, rawTracepointOpen(prog, { name: "sys_enter", cookie })) };
  },
  "iter over tasks": (t) => iterator(t, "task"),
  "iter over one task": (t) => ({
    ...iterator(t, "task", { iter_info: { task: { tid: process.pid } } }),
    placeholders: [[process.pid, "pid"]],
  }),
  "iter over the files of one process": (t) => ({
    ...iterator(t, "task_file", { iter_info: { task: { pid: process.pid } } }),
    placeholders: [[process.pid, "pid"]],
  }),
  "iter over the elements of a map"(t) {
    const map = owned(
      t,
      mapCreate({ map_type: BpfMapType.BPF_MAP_TYPE_HASH, key_size: 4, value_size: 4, max_entries: 1 }),
    );
    const made = iterator(t, "bpf_map_elem", { iter_info: { map: { map_fd: map } } });
    return { ...made, placeholders: [[mapInfo(map).id, "map"]] };
  },
  "iter over a cgroup"(t) {
    const { fd, path } = withCgroup(t);
    const order = BpfCgroupIterOrder.BPF_CGROUP_ITER_ANCESTORS_UP;
    const made = iterator(t, "cgroup", { iter_info: { cgroup: { cgroup_fd: fd, order } } });
    return { ...made, placeholders: [[cgroupId(path), "cgroup"]] };
  },
  "perf_event of a software event": (t) =>
    perfEvent(t, { type: 1, config: 9, sample_period: 1 }, p.BPF_PROG_TYPE_PERF_EVENT, 7n),
  "perf_event of the CPU clock": (t) =>
    perfEvent(t, { type: 1, config: 0, sample_period: 1_000_000 }, p.BPF_PROG_TYPE_PERF_EVENT, 0n),
  "perf_event of a tracepoint"(t) {
    const tracefs = mkdtempSync(join(tmpdir(), "bpfts-tracefs-"));
    mount({ source: "tracefs", target: tracefs, type: "tracefs" });
    t.after(() => {
      unmount(tracefs);
      rmSync(tracefs, { recursive: true });
    });
    const config = Number(readFileSync(join(tracefs, "events/syscalls/sys_enter_getpid/id"), "utf8"));
    return perfEvent(t, { type: 2, config }, p.BPF_PROG_TYPE_TRACEPOINT, 5n);
  },
  "perf_event of a uprobe"(t) {
    const path = copyOfTrue(t);
    const made = perfEvent(
      t,
      { type: uprobeType(), path, config2: 0x1234, pid: -1, cpu: 0 },
      p.BPF_PROG_TYPE_KPROBE,
      9n,
    );
    return { ...made, placeholders: [[path, "file"]] };
  },
  "perf_event of a uretprobe at offset 0"(t) {
    const path = copyOfTrue(t);
    const made = perfEvent(t, { type: uprobeType(), config: 1, path, pid: -1, cpu: 0 }, p.BPF_PROG_TYPE_KPROBE, 0n);
    return { ...made, placeholders: [[path, "file"]] };
  },
  uprobe_multi(t) {
    const path = copyOfTrue(t);
    const prog = program(t, p.BPF_PROG_TYPE_KPROBE, { expected_attach_type: a.BPF_TRACE_UPROBE_MULTI });
    const uprobe_multi = { path, offsets: [0x1000, 0x2000n], cookies: [1, 0xffffffffffffffffn] };
    const link = owned(t, linkCreate(prog, 0, a.BPF_TRACE_UPROBE_MULTI, { uprobe_multi }));
    return { program: prog, link, placeholders: [[path, "file"]] };
  },
  "uprobe_multi on return, of one process"(t) {
    const path = copyOfTrue(t);
    const prog = program(t, p.BPF_PROG_TYPE_KPROBE, { expected_attach_type: a.BPF_TRACE_UPROBE_MULTI });
    const flags = BpfUprobeMultiFlag.BPF_F_UPROBE_MULTI_RETURN;
    const uprobe_multi = { path, offsets: [0x1000], pid: process.pid, flags };
    const link = owned(t, linkCreate(prog, 0, a.BPF_TRACE_UPROBE_MULTI, { uprobe_multi }));
    return {
      program: prog,
      link,
      placeholders: [
        [path, "file"],
        [process.pid, "pid"],
      ],
    };
  },
};

for (const [kind, make] of Object.entries(KINDS)) {
  const skip = kind === "iter over the elements of a map" ? lacking("iter:bpf_map_elem") : false;
  test(`link show of ${kind}`, { skip }, (t) => {
    const { link, program, placeholders = [] } = make(t);
    const { id } = linkInfo(link);
    const ids: Placeholders = [...placeholders, [id, "link"], [progInfo(program).id, "prog"]];
    assertParity(`link ${kind}`, ["link", "show", "id", `${id}`], ids);
  });
}

test("a link by id in hexadecimal, by pin, among all, and with its pins", (t) => {
  const { link, program } = (KINDS.raw_tracepoint as (t: TestContext) => Made)(t);
  const { id } = linkInfo(link);
  const bpffs = withBpffs(t);
  objPin(`${bpffs}/one`, link);
  mkdirSync(`${bpffs}/deep`);
  objPin(`${bpffs}/deep/two`, link);
  const ids: Placeholders = [
    [id, "link"],
    [progInfo(program).id, "prog"],
    [bpffs, "bpffs"],
  ];
  assertParity("link pinned", ["link", "show", "pinned", `${bpffs}/one`], ids);
  assertParity("link in hex", ["link", "list", "id", `0x${id.toString(16)}`], ids);
  assertParity(
    "link with pins",
    ["-f", "link", "show", "id", `${id}`],
    [...ids, [`${bpffs}/one`, "one"], [`${bpffs}/deep/two`, "two"]],
  );
  const all = JSON.parse(bpfts("-j", "link").stdout) as { id: number }[];
  assert.ok(all.some((entry) => entry.id === id));
  assert.match(bpfts("prog", "show", "pinned", `${bpffs}/one`).stderr, /^Error: .*\/one holds a link, not a program/);
});

test("link pin and link detach", (t) => {
  const bpffs = withBpffs(t);
  const { fd } = withCgroup(t);
  const prog = program(t, p.BPF_PROG_TYPE_CGROUP_SKB, { expected_attach_type: a.BPF_CGROUP_INET_EGRESS, returns: 1 });
  const link = owned(t, linkCreate(prog, fd, a.BPF_CGROUP_INET_EGRESS));
  const { id } = linkInfo(link);
  assert.deepEqual(bpfts("link", "pin", "id", `${id}`, `${bpffs}/link`), { stdout: "", stderr: "", code: 0 });
  const again = bpfts("-j", "link", "pin", "id", `${id}`, `${bpffs}/link`);
  assert.deepEqual(JSON.parse(again.stdout), { error: `can't pin BPF object: path '${bpffs}/link' already exists` });
  assert.deepEqual(bpfts("-j", "link", "detach", "pinned", `${bpffs}/link`), { stdout: "null\n", stderr: "", code: 0 });
  assertParity(
    "link detached",
    ["link", "show", "id", `${id}`],
    [
      [id, "link"],
      [progInfo(prog).id, "prog"],
    ],
  );
  const raw = (KINDS.raw_tracepoint as (t: TestContext) => Made)(t);
  const refused = bpfts("link", "detach", "id", `${linkInfo(raw.link).id}`);
  assert.match(refused.stderr, /^Error: failed link detach.*: Operation not supported/);
  assert.equal(refused.code, 1);
});

test("nothing is pinned outside a bpffs, and nothing mounted over it", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "bpfts-cli-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const { link } = (KINDS.raw_tracepoint as (t: TestContext) => Made)(t);
  const refused = bpfts("link", "pin", "id", `${linkInfo(link).id}`, join(directory, "link"));
  assert.match(refused.stderr, /is not in a BPF file system \(bpffs\); use a path below \/sys\/fs\/bpf/);
  assert.equal(refused.code, 255);
  assert.doesNotMatch(readFileSync("/proc/self/mountinfo", "utf8"), new RegExp(basename(directory)));
});
