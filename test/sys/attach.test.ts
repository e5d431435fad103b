import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Btf, BtfKind } from "../../src/btf/index.ts";
import { UsageError } from "../../src/errors/index.ts";
import {
  cgroupId,
  closeFd,
  iterCreate,
  kernelAtLeast,
  kernelSymbolsByName,
  type LinkInfo,
  linkCreate,
  linkDetach,
  linkGetFdById,
  linkGetNextId,
  linkHead,
  linkInfo,
  linkUpdate,
  mapCreate,
  mapInfo,
  objGet,
  objPin,
  perfEventEnable,
  perfEventOpen,
  perfEventQueryBpf,
  perfEventSetBpf,
  progAttach,
  progDetach,
  progInfo,
  progLoad,
  progQuery,
  rawTracepointOpen,
  taskFdQuery,
} from "../../src/sys/index.ts";
import {
  BpfAttachFlag,
  BpfAttachType,
  BpfMapType,
  BpfProgType,
  BpfQueryFlag,
  PerfSoftware,
  PerfType,
} from "../../src/uapi/index.ts";
import { withBpffs } from "../support/bpffs.ts";
import { withCgroup } from "../support/cgroup.ts";
import { owned } from "../support/cleanup.ts";
import { needs } from "../support/feature.ts";
import { withNetns, withVeth } from "../support/netns.ts";
import { returning } from "../support/programs.ts";

const a = BpfAttachType;
const p = BpfProgType;

function load(t: TestContext, prog_type: number, value: number, expected_attach_type = 0): number {
  return owned(t, progLoad({ prog_type, expected_attach_type, insns: returning(value), prog_name: "attached" }));
}

const egress = (t: TestContext): number => load(t, p.BPF_PROG_TYPE_CGROUP_SKB, 1, a.BPF_CGROUP_INET_EGRESS);
const id = (fd: number): number => progInfo(fd).id;

/** Narrows an info to its kind, and fails with what it was. */
function ofKind<K extends LinkInfo["kind"]>(info: LinkInfo, kind: K): Extract<LinkInfo, { kind: K }> {
  assert.equal(info.kind, kind);
  return info as Extract<LinkInfo, { kind: K }>;
}

test("PROG_ATTACH, PROG_QUERY and PROG_DETACH on a cgroup", (t) => {
  const cgroup = withCgroup(t);
  const [first, second] = [egress(t), egress(t)];
  const empty = progQuery(cgroup.fd, a.BPF_CGROUP_INET_EGRESS);
  assert.deepEqual(empty.prog_ids, []);
  progAttach(first, cgroup.fd, a.BPF_CGROUP_INET_EGRESS, { attach_flags: BpfAttachFlag.BPF_F_ALLOW_MULTI });
  progAttach(second, cgroup.fd, a.BPF_CGROUP_INET_EGRESS, { attach_flags: BpfAttachFlag.BPF_F_ALLOW_MULTI });
  const both = progQuery(cgroup.fd, a.BPF_CGROUP_INET_EGRESS);
  assert.deepEqual(both.prog_ids, [id(first), id(second)]);
  assert.equal(both.attach_flags, BpfAttachFlag.BPF_F_ALLOW_MULTI);
  if (kernelAtLeast(6, 0)) assert.deepEqual(both.prog_attach_flags, [2, 2]);
  const effective = progQuery(cgroup.fd, a.BPF_CGROUP_INET_EGRESS, { query_flags: BpfQueryFlag.BPF_F_QUERY_EFFECTIVE });
  assert.deepEqual(effective.prog_ids.slice(-2).sort(), [id(first), id(second)].sort());
  assert.equal(effective.prog_attach_flags, undefined);
  progDetach(first, cgroup.fd, a.BPF_CGROUP_INET_EGRESS);
  assert.deepEqual(progQuery(cgroup.fd, a.BPF_CGROUP_INET_EGRESS).prog_ids, [id(second)]);
  assert.throws(() => progDetach(first, cgroup.fd, a.BPF_CGROUP_INET_EGRESS), { errnoName: "ENOENT" });
  progDetach(second, cgroup.fd, a.BPF_CGROUP_INET_EGRESS);
});

test("order and revision on a cgroup", (t) => {
  if (!kernelAtLeast(6, 17)) return t.skip("ordered cgroup programs came with 6.17");
  const cgroup = withCgroup(t);
  const [first, second] = [egress(t), egress(t)];
  const flags = BpfAttachFlag.BPF_F_ALLOW_MULTI;
  progAttach(first, cgroup.fd, a.BPF_CGROUP_INET_EGRESS, { attach_flags: flags });
  const { revision } = progQuery(cgroup.fd, a.BPF_CGROUP_INET_EGRESS);
  assert.throws(
    () => progAttach(second, cgroup.fd, a.BPF_CGROUP_INET_EGRESS, { attach_flags: flags, expected_revision: 99n }),
    { errnoName: "ESTALE" },
  );
  progAttach(second, cgroup.fd, a.BPF_CGROUP_INET_EGRESS, {
    attach_flags: flags | BpfAttachFlag.BPF_F_BEFORE,
    relative_id: id(first),
    expected_revision: revision,
  });
  const list = progQuery(cgroup.fd, a.BPF_CGROUP_INET_EGRESS);
  assert.deepEqual(list.prog_ids, [id(second), id(first)]);
  assert.ok(list.revision > revision);
});

test("a query longer than its first guess", (t) => {
  const cgroup = withCgroup(t);
  // BPF_CGROUP_MAX_PROGS is 64: as many as the first question has room for, and the ancestors' on top.
  const programs = Array.from({ length: 64 }, () => egress(t));
  for (const fd of programs) {
    progAttach(fd, cgroup.fd, a.BPF_CGROUP_INET_EGRESS, { attach_flags: BpfAttachFlag.BPF_F_ALLOW_MULTI });
  }
  assert.deepEqual(progQuery(cgroup.fd, a.BPF_CGROUP_INET_EGRESS).prog_ids, programs.map(id));
});

test("a cgroup link: info, pin, reopen, update, detach", (t) => {
  const cgroup = withCgroup(t);
  const bpffs = withBpffs(t);
  const [first, second] = [egress(t), egress(t)];
  const link = owned(t, linkCreate(first, cgroup.fd, a.BPF_CGROUP_INET_EGRESS));
  const info = ofKind(linkInfo(link), "cgroup");
  assert.equal(info.prog_id, id(first));
  assert.equal(info.cgroup_id, cgroupId(cgroup.path));
  assert.equal(info.attach_type, a.BPF_CGROUP_INET_EGRESS);
  const path = join(bpffs, "link");
  objPin(path, link);
  assert.throws(() => objPin(path, link), { errnoName: "EEXIST" });
  assert.equal(linkHead(owned(t, objGet(path))).id, info.id);
  assert.equal(linkHead(owned(t, linkGetFdById(info.id))).id, info.id);
  assert.ok((linkGetNextId(info.id - 1) ?? 0) >= info.id);
  linkUpdate(link, second);
  assert.equal(linkInfo(link).prog_id, id(second));
  assert.throws(() => linkUpdate(link, first, { old_prog_fd: first }), { errnoName: "EPERM" });
  linkUpdate(link, first, { old_prog_fd: second });
  assert.equal(linkInfo(link).prog_id, id(first));
  linkDetach(link);
  assert.equal(ofKind(linkInfo(link), "cgroup").cgroup_id, 0n);
  unlinkSync(path);
});

test("programs, maps and BTF are pinned by path and by directory fd", (t) => {
  const bpffs = withBpffs(t);
  const program = egress(t);
  objPin(join(bpffs, "program"), program);
  assert.equal(id(owned(t, objGet(join(bpffs, "program")))), id(program));
  assert.throws(() => objGet(join(bpffs, "nothing")), {
    message: `${join(bpffs, "nothing")}: bpf(BPF_OBJ_GET): No such file or directory (ENOENT)`,
  });
  const map = owned(
    t,
    mapCreate({ map_type: BpfMapType.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 4, max_entries: 1 }),
  );
  if (!kernelAtLeast(6, 5)) return;
  const directory = openSync(bpffs, "r");
  t.after(() => closeSync(directory));
  objPin("map", map, { path_fd: directory });
  assert.equal(mapInfo(owned(t, objGet("map", { path_fd: directory, file_flags: 8 }))).id, mapInfo(map).id);
});

test("links and lists on a network device", (t) => {
  const veth = withVeth(t);
  const xdp = load(t, p.BPF_PROG_TYPE_XDP, 2, a.BPF_XDP);
  const xdpLink = owned(t, linkCreate(xdp, veth.ifindex, a.BPF_XDP, { flags: 2 }));
  assert.equal(ofKind(linkInfo(xdpLink), "xdp").ifindex, veth.ifindex);
  if (!kernelAtLeast(6, 6)) return t.skip("tcx came with 6.6");
  const [first, second, third] = [-1, 0, 1].map((v) => load(t, p.BPF_PROG_TYPE_SCHED_CLS, v)) as [
    number,
    number,
    number,
  ];
  const tcx = owned(t, linkCreate(first, veth.ifindex, a.BPF_TCX_INGRESS));
  const info = ofKind(linkInfo(tcx), "tcx");
  assert.deepEqual([info.ifindex, info.attach_type], [veth.ifindex, a.BPF_TCX_INGRESS]);
  const { revision } = progQuery(veth.ifindex, a.BPF_TCX_INGRESS);
  const before = owned(
    t,
    linkCreate(second, veth.ifindex, a.BPF_TCX_INGRESS, {
      flags: BpfAttachFlag.BPF_F_BEFORE | BpfAttachFlag.BPF_F_LINK,
      tcx: { relative_id: info.id, expected_revision: revision },
    }),
  );
  progAttach(third, veth.ifindex, a.BPF_TCX_INGRESS, { attach_flags: BpfAttachFlag.BPF_F_AFTER, relative_fd: first });
  const list = progQuery(veth.ifindex, a.BPF_TCX_INGRESS);
  assert.deepEqual(list.prog_ids, [id(second), id(first), id(third)]);
  assert.deepEqual(list.link_ids, [linkHead(before).id, info.id, 0]);
  assert.deepEqual(list.link_attach_flags, [0, 0, 0]);
  assert.equal(list.revision, revision + 2n);
  assert.throws(() => linkCreate(third, veth.ifindex, a.BPF_TCX_EGRESS, { tcx: { expected_revision: 99n } }), {
    errnoName: "ESTALE",
  });
  progDetach(third, veth.ifindex, a.BPF_TCX_INGRESS);
});

test("links on a network namespace", (t) => {
  const netns = withNetns(t);
  const fd = openSync(netns.path, "r");
  t.after(() => closeSync(fd));
  const program = load(t, p.BPF_PROG_TYPE_SK_LOOKUP, 1, a.BPF_SK_LOOKUP);
  const link = owned(t, linkCreate(program, fd, a.BPF_SK_LOOKUP));
  const info = ofKind(linkInfo(link), "netns");
  assert.equal(BigInt(info.netns_ino), cgroupId(netns.path));
  assert.deepEqual(progQuery(fd, a.BPF_SK_LOOKUP).prog_ids, [id(program)]);
});

test("a netfilter link", (t) => {
  if (!kernelAtLeast(6, 4)) return t.skip("netfilter programs came with 6.4");
  const program = load(t, p.BPF_PROG_TYPE_NETFILTER, 1, a.BPF_NETFILTER);
  const netfilter = { pf: 2, hooknum: 3, priority: -100 };
  const link = owned(t, linkCreate(program, 0, a.BPF_NETFILTER, { netfilter }));
  const { pf, hooknum, priority, flags } = ofKind(linkInfo(link), "netfilter");
  assert.deepEqual({ pf, hooknum, priority, flags }, { ...netfilter, flags: 0 });
});

test("a link refuses options that its kind does not have, and those of two kinds", () => {
  const create = (options: object): unknown => linkCreate(0, 0, a.BPF_NETFILTER, options);
  const netfilter = { pf: 2, hooknum: 3, priority: 0 };
  assert.throws(() => create({ netfilter: { ...netfilter, prio: 1 } }), {
    name: "UsageError",
    message: "there is no netfilter field prio; use one of pf, hooknum, priority, flags",
  });
  assert.throws(() => create({ perf_event: { cookie: 1 } }), UsageError);
  assert.throws(() => create({ perf_event: {} }), UsageError);
  assert.throws(
    () => create({ netfilter, perf_event: { bpf_cookie: 1 } }),
    /but the call has options for perf_event and netfilter$/,
  );
});

test("a sockmap link", (t) => {
  if (!kernelAtLeast(6, 10)) return t.skip("sockmap links came with 6.10");
  const map = owned(
    t,
    mapCreate({ map_type: BpfMapType.BPF_MAP_TYPE_SOCKMAP, key_size: 4, value_size: 4, max_entries: 1 }),
  );
  const program = load(t, p.BPF_PROG_TYPE_SK_SKB, 1, a.BPF_SK_SKB_VERDICT);
  const link = owned(t, linkCreate(program, map, a.BPF_SK_SKB_VERDICT));
  const info = ofKind(linkInfo(link), "sockmap");
  assert.deepEqual([info.map_id, info.attach_type], [mapInfo(map).id, a.BPF_SK_SKB_VERDICT]);
});

test("raw tracepoints, and what a process's fd hangs on", (t) => {
  const program = load(t, p.BPF_PROG_TYPE_RAW_TRACEPOINT, 0);
  const cookie = kernelAtLeast(6, 10) ? 77n : 0n;
  const link = owned(t, rawTracepointOpen(program, { name: "sys_enter", cookie }));
  const info = ofKind(linkInfo(link), "raw_tracepoint");
  assert.equal(info.tp_name, "sys_enter");
  if (kernelAtLeast(6, 18)) assert.equal(info.cookie, 77n);
  assert.throws(() => rawTracepointOpen(program, { name: "no_such_tracepoint" }), {
    message: "tracepoint no_such_tracepoint: bpf(BPF_RAW_TRACEPOINT_OPEN): No such file or directory (ENOENT)",
  });
  const task = taskFdQuery(process.pid, link);
  assert.deepEqual([task?.prog_id, task?.fd_type, task?.name], [id(program), 0, "sys_enter"]);
  assert.equal(taskFdQuery(process.pid, 0), undefined);
});

test("perf event links and the old way without one", (t) => {
  const program = load(t, p.BPF_PROG_TYPE_PERF_EVENT, 0);
  const open = (): number =>
    owned(
      t,
      perfEventOpen({
        type: PerfType.PERF_TYPE_SOFTWARE,
        config: PerfSoftware.PERF_COUNT_SW_CPU_CLOCK,
        sample_period: 1_000_000_000,
        bits: ["disabled"],
      }),
    );
  const old = open();
  perfEventSetBpf(old, program);
  perfEventEnable(old);
  if (!kernelAtLeast(5, 15)) return t.skip("perf event links came with 5.15");
  const link = owned(t, linkCreate(program, open(), a.BPF_PERF_EVENT, { perf_event: { bpf_cookie: 0x1234 } }));
  const { event } = ofKind(linkInfo(link), "perf_event");
  if (!kernelAtLeast(6, 9)) return;
  assert.ok(event.kind === "event", event.kind);
  // The type that the kernel shows is that of the PMU which took the event over (cpu_clock has one of its own).
  assert.deepEqual([event.config, event.cookie], [0n, 0x1234n]);
});

test("a uprobe", (t) => {
  if (!needs(t, "link:perf_event")) return;
  const type = Number(readFileSync("/sys/bus/event_source/devices/uprobe/type", "utf8"));
  const program = load(t, p.BPF_PROG_TYPE_KPROBE, 0);
  const path = process.execPath;
  const event = owned(t, perfEventOpen({ type, path, config2: 0x1000, pid: -1, cpu: 0, bits: ["disabled"] }));
  const link = owned(t, linkCreate(program, event, a.BPF_PERF_EVENT, { perf_event: { bpf_cookie: 5n } }));
  const info = ofKind(linkInfo(link), "perf_event").event;
  if (kernelAtLeast(6, 9)) {
    assert.ok(info.kind === "uprobe", info.kind);
    assert.deepEqual([info.file_name, info.offset, info.cookie], [path, 0x1000, 5n]);
  }
  const task = taskFdQuery(process.pid, event);
  assert.deepEqual([task?.fd_type, task?.name, task?.probe_offset], [4, path, 0x1000n]);
});

test("uprobe_multi with 70 targets, counters and cookies", (t) => {
  if (!kernelAtLeast(6, 6)) return t.skip("uprobe_multi came with 6.6");
  const program = load(t, p.BPF_PROG_TYPE_KPROBE, 0, a.BPF_TRACE_UPROBE_MULTI);
  const offsets = Array.from({ length: 70 }, (_, i) => BigInt(0x2000 + i * 64));
  const cookies = offsets.map((_, i) => BigInt(i));
  // Any file will do while nobody maps it; one of NOPs also if somebody does.
  const directory = mkdtempSync(join(tmpdir(), "bpfts-uprobe-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "nops");
  writeFileSync(path, new Uint8Array(16384).fill(0x90));
  const uprobe_multi = { path, offsets, cookies, pid: process.pid };
  const link = owned(t, linkCreate(program, 0, a.BPF_TRACE_UPROBE_MULTI, { uprobe_multi }));
  if (!kernelAtLeast(6, 8)) return;
  const info = ofKind(linkInfo(link), "uprobe_multi");
  assert.deepEqual([info.path, info.pid, info.count], [path, process.pid, 70]);
  assert.deepEqual(info.offsets, offsets);
  assert.deepEqual(info.cookies, cookies);
  assert.deepEqual(
    info.ref_ctr_offsets,
    offsets.map(() => 0n),
  );
});

/** Runs an iterator whose program writes nothing. */
function readNothing(link: number): void {
  const run = iterCreate(link);
  assert.equal(readSync(run, new Uint8Array(16)), 0);
  closeFd(run);
}

/** Loads a program of the iterator `bpf_iter_NAME`, which writes nothing. */
function iteratorProgram(t: TestContext, name: string): number {
  const btf = Btf.parse(readFileSync("/sys/kernel/btf/vmlinux"), { source: "vmlinux" });
  const fd = progLoad({
    prog_type: p.BPF_PROG_TYPE_TRACING,
    expected_attach_type: a.BPF_TRACE_ITER,
    attach_btf_id: btf.find(`bpf_iter_${name}`, BtfKind.FUNC) ?? 0,
    insns: returning(0),
  });
  return owned(t, fd);
}

test("an iterator link over a map's elements: its target, and a run of it", (t) => {
  if (!needs(t, "iter:bpf_map_elem")) return;
  const map = owned(
    t,
    mapCreate({ map_type: BpfMapType.BPF_MAP_TYPE_HASH, key_size: 4, value_size: 4, max_entries: 1 }),
  );
  const iter_info = { map: { map_fd: map } };
  const byMap = owned(t, linkCreate(iteratorProgram(t, "bpf_map_elem"), 0, a.BPF_TRACE_ITER, { iter_info }));
  const info = ofKind(linkInfo(byMap), "iter");
  assert.deepEqual([info.target_name, info.map], ["bpf_map_elem", { map_id: mapInfo(map).id }]);
  readNothing(byMap);
});

test("an iterator link over a task and over a cgroup: its target, and a run of it", (t) => {
  if (!needs(t, "iter:task_filter")) return;
  const task = owned(
    t,
    linkCreate(iteratorProgram(t, "task"), 0, a.BPF_TRACE_ITER, { iter_info: { task: { pid: process.pid } } }),
  );
  const taskInfo = ofKind(linkInfo(task), "iter");
  assert.deepEqual([taskInfo.target_name, taskInfo.task], ["task", { tid: 0, pid: process.pid }]);
  readNothing(task);
  const cgroup = withCgroup(t);
  const order = 1;
  const iter_info = { cgroup: { order, cgroup_fd: cgroup.fd } };
  const link = owned(t, linkCreate(iteratorProgram(t, "cgroup"), 0, a.BPF_TRACE_ITER, { iter_info }));
  assert.deepEqual(ofKind(linkInfo(link), "iter").cgroup, { cgroup_id: cgroupId(cgroup.path), order });
});

test("tp_btf: a tracing link", (t) => {
  const btf = Btf.parse(readFileSync("/sys/kernel/btf/vmlinux"), { source: "vmlinux" });
  const target = btf.find("btf_trace_sys_enter");
  const program = owned(
    t,
    progLoad({
      prog_type: p.BPF_PROG_TYPE_TRACING,
      expected_attach_type: a.BPF_TRACE_RAW_TP,
      attach_btf_id: target ?? 0,
      insns: returning(0),
    }),
  );
  const link = owned(t, linkCreate(program, 0, a.BPF_TRACE_RAW_TP));
  // The kernel makes a raw tracepoint link of it.
  assert.equal(ofKind(linkInfo(link), "raw_tracepoint").tp_name, "sys_enter");
});

test("a tracepoint by perf event: which programs it has", (t) => {
  const symbols = kernelSymbolsByName(["perf_event_query_prog_array"]);
  assert.ok(symbols.size <= 1);
  const event = owned(t, perfEventOpen({ type: PerfType.PERF_TYPE_SOFTWARE, config: 1, bits: ["disabled"] }));
  // Only tracepoints have a list.
  assert.throws(() => perfEventQueryBpf(event), { errnoName: "EINVAL" });
});

test("options that contradict one another are refused", () => {
  const cases = [
    { tcx: {}, netkit: {} },
    { tcx: { relative_fd: 3, relative_id: 4 } },
    { kprobe_multi: {} },
    { kprobe_multi: { syms: ["a"], addrs: [1n] } },
    { kprobe_multi: { syms: ["a", "b"], cookies: [1] } },
    { uprobe_multi: { offsets: [1] } },
    { uprobe_multi: { path: "/bin/true", offsets: [1, 2], ref_ctr_offsets: [1] } },
  ];
  for (const options of cases)
    assert.throws(() => linkCreate(0, 0, 0, options), UsageError, Object.keys(options).join());
});
