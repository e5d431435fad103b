import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { BpfError, type Diagnosis } from "../../src/errors/index.ts";
import { attachKprobe, attachTracepoint, attachXdp } from "../../src/link/index.ts";
import { loadObject, readObject } from "../../src/load/index.ts";
import { createMap } from "../../src/map/index.ts";
import { createKernelMap } from "../../src/map/kernel-map.ts";
import type { MapCreateAttr } from "../../src/sys/index.ts";
import { BpfMapFlag, BpfMapType, BpfProgType } from "../../src/uapi/index.ts";
import { traced } from "../link/tracing-object.ts";
import { counting } from "../support/counting.ts";
import { needs } from "../support/feature.ts";
import { withVeth } from "../support/netns.ts";
import { withoutCapabilities } from "../support/privileges.ts";

/** Runs what must fail, and returns the diagnosis of the error. */
function diagnosisOf(run: () => unknown): Diagnosis {
  let error: unknown;
  try {
    run();
  } catch (cause) {
    error = cause;
  }
  assert.ok(error instanceof BpfError, `${run}: ${error}`);
  const { diagnosis } = error;
  assert.ok(diagnosis !== undefined, error.message);
  assert.ok(diagnosis.remedies.length >= 1 && diagnosis.remedies.length <= 3);
  return diagnosis;
}

const found = ({ why }: Diagnosis): string => why.map(({ text }) => text).join("\n");

test("a member that the kernel lacks: the candidate, why it differs, and the guard that mends it", () => {
  const diagnosis = diagnosisOf(() => loadObject("test/bpf/core-unguarded.bpf.o"));
  assert.equal(diagnosis.name, "core-poison");
  assert.match(diagnosis.what, /needs struct task_struct___never\.no_such_member/);
  assert.match(found(diagnosis), /struct task_struct in vmlinux has no member no_such_member/);
  assert.match(found(diagnosis), /does not check whether it exists/);
  assert.match(diagnosis.remedies[0] ?? "", /bpf_core_field_exists\(\(\(struct task_struct___never \*\)0\)->no_such/);
  assert.equal(diagnosis.where?.instruction, 1);
});

test("a kernel symbol and a kernel function that the kernel lacks: __weak mends it", () => {
  const ksyms = readObject("test/bpf/ksyms-missing.bpf.o");
  assert.equal(diagnosisOf(() => loadObject(ksyms)).name, "kernel-symbol-missing");
  const kfuncs = readObject("test/bpf/kfuncs-missing.bpf.o");
  const diagnosis = diagnosisOf(() => loadObject(kfuncs));
  assert.equal(diagnosis.name, "kernel-symbol-missing");
  assert.match(diagnosis.remedies[0] ?? "", /__weak/);
  for (const extern of [...Object.values(ksyms.externs), ...Object.values(kfuncs.externs)]) {
    (extern as { weak: boolean }).weak = true;
  }
  loadObject(ksyms).close();
  // Without a question for bpf_ksym_exists(), the program still reaches the call.
  const reached = diagnosisOf(() => loadObject(kfuncs));
  assert.equal(reached.name, "missing-map-or-kfunc");
  assert.match(reached.what, /the kernel has no function bpf_not_in_any_kernel/);
});

test("a target that the kernel lacks: a similar name mends it", (t) => {
  if (!needs(t, "attach:fentry")) return;
  const spec = readObject("test/bpf/sections-fentry.bpf.o");
  const [program] = Object.values(spec.programs);
  assert.ok(program !== undefined);
  // All kernels have it; do_unlinkat, which the section names, is gone in 7.2.
  const right = "vfs_unlink";
  program.attachTo = `${right}x`;
  const diagnosis = diagnosisOf(() => loadObject(spec, { programs: [program.name] }));
  assert.equal(diagnosis.name, "attach-target-missing");
  assert.ok(diagnosis.remedies[0]?.includes(right), diagnosis.remedies[0]);
  program.attachTo = right;
  loadObject(spec, { programs: [program.name] }).close();
});

test("a function and a tracepoint that the kernel lacks: a similar name mends it", (t) => {
  if (!needs(t, "attach:kprobe")) return;
  const kprobe = traced(t, "on_kprobe").program;
  const probe = diagnosisOf(() => attachKprobe(kprobe, { symbol: "vfs_unlinkk" }));
  assert.equal(probe.name, "attach-target-missing");
  assert.match(probe.remedies[0] ?? "", /vfs_unlink\b/);
  attachKprobe(kprobe, { symbol: "vfs_unlink" }).close();
  const tracepoint = traced(t, "on_tracepoint").program;
  const event = diagnosisOf(() => attachTracepoint(tracepoint, { tracepoint: "sched/sched_swich" }));
  assert.equal(event.name, "attach-target-missing");
  assert.match(event.remedies[0] ?? "", /sched\/sched_switch/);
  attachTracepoint(tracepoint, { tracepoint: "sched/sched_switch" }).close();
  assert.equal(diagnosisOf(() => attachTracepoint(kprobe, { tracepoint: "sched/sched_switch" })).name, "attach-misfit");
});

test("a device that is busy: the diagnosis names the program that holds it", (t) => {
  const veth = withVeth(t);
  const [first, second] = [0, 1].map(
    () => counting(t, { prog_type: BpfProgType.BPF_PROG_TYPE_XDP, result: 2 }).program,
  );
  assert.ok(first !== undefined && second !== undefined);
  const link = attachXdp(first, { device: veth.name, mode: "generic" });
  const diagnosis = diagnosisOf(() => attachXdp(second, { device: veth.name, mode: "generic" }));
  assert.equal(diagnosis.name, "attach-busy");
  assert.match(found(diagnosis), new RegExp(`has the program ${first.id} in generic mode`));
  link.close();
  attachXdp(second, { device: veth.name, mode: "generic" }).close();
});

const m = BpfMapType;
const good: Readonly<Record<string, MapCreateAttr>> = {
  hash: { map_type: m.BPF_MAP_TYPE_HASH, key_size: 4, value_size: 8, max_entries: 16 },
  array: { map_type: m.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 8, max_entries: 16 },
  trie: {
    map_type: m.BPF_MAP_TYPE_LPM_TRIE,
    key_size: 8,
    value_size: 8,
    max_entries: 16,
    map_flags: BpfMapFlag.BPF_F_NO_PREALLOC,
  },
  queue: { map_type: m.BPF_MAP_TYPE_QUEUE, key_size: 0, value_size: 8, max_entries: 16 },
  programs: { map_type: m.BPF_MAP_TYPE_PROG_ARRAY, key_size: 4, value_size: 4, max_entries: 16 },
  ring: { map_type: m.BPF_MAP_TYPE_RINGBUF, key_size: 0, value_size: 0, max_entries: 262144 },
};
const both = BpfMapFlag.BPF_F_RDONLY | BpfMapFlag.BPF_F_WRONLY;

/** A map that the kernel creates, the field that makes it refuse, and what the diagnosis says of the field. */
const refusedFields: readonly (readonly [map: string, field: Partial<MapCreateAttr>, what: RegExp])[] = [
  ["hash", { max_entries: 0 }, /max_entries is 0/],
  ["hash", { key_size: 0 }, /key_size is 0/],
  ["hash", { value_size: 0 }, /value_size is 0/],
  ["hash", { value_size: 1 << 23 }, /too large for one allocation|more than the kernel can allocate/],
  ["hash", { map_flags: both }, /read-only and write-only/],
  ["hash", { map_flags: BpfMapFlag.BPF_F_MMAPABLE }, /only arrays and arenas/],
  ["array", { key_size: 8 }, /keys of this type have 4 bytes/],
  ["array", { max_entries: 0 }, /max_entries is 0/],
  ["array", { map_flags: BpfMapFlag.BPF_F_NO_PREALLOC }, /arrays do not take/],
  ["array", { max_entries: 0xffffffff, value_size: 1 << 20 }, /more than the kernel can allocate/],
  ["trie", { map_flags: 0 }, /needs the flag BPF_F_NO_PREALLOC/],
  ["trie", { key_size: 4 }, /a prefix needs 4 bytes/],
  ["queue", { key_size: 4 }, /has no keys/],
  ["programs", { value_size: 8 }, /values of this type have 4 bytes/],
  ["ring", { max_entries: 5000 }, /power of two/],
  ["ring", { value_size: 8 }, /must be 0/],
];

test("a map that the kernel refuses: the diagnosis names the field", () => {
  for (const [name, field, what] of refusedFields) {
    const attr = good[name] as MapCreateAttr;
    createKernelMap(attr, `map ${name}`).close();
    const refused = { ...attr, ...field };
    assert.throws(() => createKernelMap(refused, `map ${name}`).close(), BpfError, JSON.stringify(field));
    const diagnosis = diagnosisOf(() => createKernelMap(refused, `map ${name}`).close());
    assert.deepEqual([diagnosis.name, diagnosis.class], ["map-create", "environment"], JSON.stringify(field));
    assert.match(diagnosis.what, what);
  }
});

test("elements that a map refuses have the reason", () => {
  using map = createMap<number, number>({ type: "hash", key: "u32", value: "u32", maxEntries: 1 });
  map.set(1, 1);
  const full = diagnosisOf(() => map.set(2, 2));
  assert.deepEqual([full.name, /it has room for 1 elements/.test(full.what)], ["map-operation", true]);
  map.freeze();
  const frozen = diagnosisOf(() => map.set(1, 2));
  assert.deepEqual([frozen.name, /the map is frozen/.test(frozen.what)], ["object-access", true]);
});

/** Runs code in a process that lacks capabilities. It prints the diagnosis of the error that the code throws. */
function inProcess(prefix: readonly string[], work: string): Diagnosis | undefined {
  const code = `
    import { loadObject } from "${process.cwd()}/dist/index.js";
    import { createMap } from "${process.cwd()}/dist/index.js";
    try { ${work}; console.log("null"); } catch (error) { console.log(JSON.stringify(error.diagnosis ?? null)); }`;
  const [command = "", ...args] = [...prefix, process.execPath, "--input-type=module", "-e", code];
  const { stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  assert.match(stdout, /^(\{|null)/, stderr);
  return JSON.parse(stdout) ?? undefined;
}

const CREATE = 'createMap({ type: "hash", key: "u32", value: "u32", maxEntries: 1 }).close()';
const XDP = 'loadObject("test/bpf/minimal.bpf.o").close()';
const TRACING = 'loadObject("test/bpf/core-missing.bpf.o").close()';

test("a capability that is missing: what it is, where it was lost, and the line that gives it", () => {
  const cases = [
    [CREATE, "-all", "+bpf", /CAP_BPF/],
    [XDP, "-all,+bpf", "+net_admin", /CAP_NET_ADMIN/],
    [TRACING, "-all,+bpf", "+perfmon", /CAP_PERFMON/],
  ] as const;
  for (const [work, lost, given, name] of cases) {
    const diagnosis = inProcess(withoutCapabilities(lost), work);
    assert.equal(diagnosis?.name, "missing-capability", work);
    assert.match(diagnosis.what, name);
    assert.match(found(diagnosis), /not in the process's bounding set/);
    const capability = given.slice(1);
    for (const line of [
      `cap_${capability}`,
      `CAP_${capability.toUpperCase()}`,
      `--cap-add ${capability.toUpperCase()}`,
    ]) {
      assert.ok(
        diagnosis.remedies.some((remedy) => remedy.includes(line)),
        line,
      );
    }
    assert.equal(inProcess(withoutCapabilities(`${lost},${given}`), work), undefined, work);
  }
});

test("capabilities of a user namespace do not count", () => {
  const diagnosis = inProcess(["unshare", "--user", "--map-root-user"], CREATE);
  assert.equal(diagnosis?.name, "user-namespace");
  assert.match(found(diagnosis), /uid_map: 0 0 1/);
  assert.match(diagnosis.remedies.join("\n"), /hostUsers: true[\s\S]*token/);
});
