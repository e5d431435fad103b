import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { assemble, atomic, exit, ldMapValue, mov, r0, r1, r2 } from "../../src/asm/index.ts";
import { BpfError, Errno, NotSupportedError, SyscallError, UsageError } from "../../src/errors/index.ts";
import {
  attachCgroup,
  attachProgram,
  attachRawTracepoint,
  attachTracepoint,
  attachXdp,
  BpfMap,
  detachProgram,
  type Link,
  links,
  openLink,
  Program,
  queryCgroup,
} from "../../src/kernel/index.ts";
import { cgroupId, mapCreate, OwnedFd, progLoad } from "../../src/sys/index.ts";
import { BpfAttachType, BpfMapType, BpfProgType } from "../../src/uapi/index.ts";
import { withBpffs } from "../support/bpffs.ts";
import { withCgroup } from "../support/cgroup.ts";

/** A program that adds 1 to a counter and returns `result`, and the counter. */
function counting(
  t: TestContext,
  prog_type: number,
  result: number,
  attachType?: number,
): { program: Program; count(): bigint } {
  const map = new BpfMap(
    new OwnedFd(
      mapCreate({ map_type: BpfMapType.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 8, max_entries: 1 }),
      "counter",
    ),
  );
  t.after(() => map.close());
  const insns = assemble([
    ldMapValue(r1, map.fd, 0),
    mov(r2, 1),
    atomic("add", "u64", r1, r2, 0),
    mov(r0, result),
    exit(),
  ]);
  const fd = progLoad({
    prog_type,
    insns,
    prog_name: "counting",
    ...(attachType === undefined ? {} : { expected_attach_type: attachType }),
  });
  const program = new Program(new OwnedFd(fd, "counting"), { attachType });
  t.after(() => program.close());
  return {
    program,
    count: () => new DataView((map.lookup(new Uint8Array(4)) as Uint8Array).buffer).getBigUint64(0, true),
  };
}

function ping(cgroup?: string): void {
  const join = cgroup === undefined ? "" : `echo $$ > ${cgroup}/cgroup.procs; `;
  const talk = `const d=require("dgram");const s=d.createSocket("udp4");s.bind(0,"127.0.0.1",()=>{s.on("message",()=>s.close());s.send("x",s.address().port,"127.0.0.1")})`;
  execFileSync("sh", ["-c", `${join}exec "$0" -e '${talk}'`, process.execPath]);
}

/** What every link does, whatever its kind. */
function conformance(t: TestContext, name: string, link: Link, program: Program, fires: () => boolean): void {
  assert.equal(link.typeName, name);
  assert.equal(fires(), true, "the hook fires");
  const info = link.info();
  assert.equal(info.id, link.id);
  assert.equal(info.prog_id, program.id);
  assert.ok(
    [...links()].some(({ id }) => id === link.id),
    "links() lists it",
  );
  const path = `${withBpffs(t)}/link`;
  link.pin(path);
  link.close();
  assert.throws(() => link.info(), { code: "CLOSED" });
  assert.equal(fires(), true, "the pin keeps it attached");
  using pinned = openLink({ pinned: path });
  using byId = openLink({ id: info.id });
  assert.deepEqual(pinned.info(), byId.info());
  pinned.unpin();
}

test("a cgroup link fires, is shown, pinned, updated and detached", (t) => {
  const { path } = withCgroup(t);
  const type = BpfAttachType.BPF_CGROUP_INET_EGRESS;
  const first = counting(t, BpfProgType.BPF_PROG_TYPE_CGROUP_SKB, 1, type);
  const second = counting(t, BpfProgType.BPF_PROG_TYPE_CGROUP_SKB, 1, type);
  const fires = (counter: { count(): bigint }): boolean => {
    const before = counter.count();
    ping(path);
    return counter.count() > before;
  };
  conformance(t, "cgroup", attachCgroup(first.program, { cgroup: path }), first.program, () => fires(first));
  using link = attachCgroup(first.program, { cgroup: path, attachType: "cgroup_inet_egress" });
  const info = link.info();
  assert.ok(info.kind === "cgroup" && info.cgroup_id === cgroupId(path) && info.attach_type === type);
  assert.throws(
    () => link.update(second.program, { old: second.program }),
    (error) => error instanceof SyscallError && error.errno === Errno.EPERM,
  );
  link.update(second.program, { old: first.program });
  assert.deepEqual(queryCgroup(path, type).prog_ids, [second.program.id]);
  assert.equal(fires(second), true);
  link.detach();
  assert.equal(fires(second), false);
  assert.deepEqual(queryCgroup(path, type).prog_ids, []);
});

test("a tracepoint link fires without a mounted tracefs", (t) => {
  const { program, count } = counting(t, BpfProgType.BPF_PROG_TYPE_TRACEPOINT, 0);
  const fires = (): boolean => {
    const before = count();
    execFileSync("true");
    return count() > before;
  };
  const place = { tracepoint: "sched/sched_process_fork", cookie: 77n };
  conformance(t, "perf_event", attachTracepoint(program, place), program, fires);
  using link = attachTracepoint(program, place);
  const info = link.info();
  assert.ok(info.kind === "perf_event");
  assert.throws(() => link.update(program), NotSupportedError);
  assert.throws(() => link.detach(), NotSupportedError);
  link.close();
  assert.equal(fires(), false, "close() ends it");
});

test("a raw tracepoint link fires", (t) => {
  const { program, count } = counting(t, BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT, 0);
  const fires = (): boolean => {
    const before = count();
    execFileSync("true");
    return count() > before;
  };
  conformance(t, "raw_tracepoint", attachRawTracepoint(program, { tracepoint: "sched_process_fork" }), program, fires);
  using link = attachRawTracepoint(program, { tracepoint: "sched_process_fork" });
  const info = link.info();
  assert.ok(info.kind === "raw_tracepoint" && info.tp_name === "sched_process_fork");
});

test("programs are attached to a cgroup without a link too", (t) => {
  const { path } = withCgroup(t);
  const type = BpfAttachType.BPF_CGROUP_INET_INGRESS;
  const a = counting(t, BpfProgType.BPF_PROG_TYPE_CGROUP_SKB, 1, type).program;
  const b = counting(t, BpfProgType.BPF_PROG_TYPE_CGROUP_SKB, 1, type).program;
  attachProgram(a, { cgroup: path, multi: true });
  attachProgram(b, { cgroup: path, multi: true });
  assert.deepEqual(queryCgroup(path, type).prog_ids, [a.id, b.id]);
  assert.throws(
    () => attachProgram(a, { cgroup: path, multi: true }),
    /cannot be attached to .* as cgroup_inet_ingress/,
  );
  detachProgram(a, { cgroup: path });
  detachProgram(b, { cgroup: path });
  assert.deepEqual(queryCgroup(path, type, { effective: true }).prog_ids, []);
});

test("the usual mistakes have names, and leave no fd behind", (t) => {
  const { path } = withCgroup(t);
  const { program } = counting(t, BpfProgType.BPF_PROG_TYPE_CGROUP_SKB, 1, BpfAttachType.BPF_CGROUP_INET_EGRESS);
  const tracing = counting(t, BpfProgType.BPF_PROG_TYPE_TRACEPOINT, 0).program;
  const mistakes: readonly [call: () => unknown, message: RegExp][] = [
    [() => attachCgroup(program, { cgroup: `${path}/none` }), /can.t open cgroup .*none: there is no such directory/],
    [() => attachCgroup(program, { cgroup: "/tmp" }), /\/tmp is not a cgroup: it is not in a cgroup v2 hierarchy/],
    [() => attachCgroup(program, { cgroup: path, attachType: "egress" }), /"egress" is not an attach type/],
    [() => attachCgroup(tracing, { cgroup: path }), /say its attachType/],
    [
      () => attachCgroup(tracing, { cgroup: path, attachType: "cgroup_device" }),
      /\(tracepoint\) cannot be attached to .* as cgroup_device/,
    ],
    [() => attachTracepoint(tracing, { tracepoint: "sched/nope" }), /this kernel has no tracepoint sched\/nope/],
    [() => attachTracepoint(tracing, { tracepoint: "sched" }), /say its tracepoint as category\/name/],
    [() => attachTracepoint(tracing, { tracepoint: "../sched" }), /is not a tracepoint/],
    [() => attachTracepoint(program, { tracepoint: "sched/sched_switch" }), /./],
    [() => attachRawTracepoint(tracing, { tracepoint: "nope" }), /./],
    [() => attachXdp(program, { device: "nope0" }), /there is no network device nope0/],
    [() => attachXdp(program, { device: 0 }), /count from 1/],
    [() => openLink({ id: 0xfffffff0 }), /there is no link with id/],
  ];
  const fds = (): number => readdirSync("/proc/self/fd").length;
  const before = fds();
  for (const [call, message] of mistakes) {
    assert.throws(call, (error) => error instanceof BpfError && message.test(error.message), String(message));
  }
  assert.equal(fds(), before);
  assert.ok(new UsageError("x") instanceof BpfError);
});
