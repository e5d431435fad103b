import assert from "node:assert/strict";
import { test } from "node:test";
import { featureLack } from "../../../src/kernel/features/lack.ts";
import { type FeatureName, type HookFeature, probeHooks, probeKfuncs } from "../../../src/kernel/index.ts";
import { Capability, withoutCapabilities } from "../../../src/sys/index.ts";
import { bpfts } from "../../cli/run.ts";
import { needs } from "../../support/feature.ts";

const ALL = Object.keys(Capability) as Capability[];

function supportOf(hooks: readonly HookFeature[], name: string): string | undefined {
  return hooks.find((hook) => hook.name === name)?.support;
}

test("link types and attach types are those of the table of features", () => {
  const { attachTypes, linkTypes } = probeHooks();
  const expected = (feature: FeatureName) => (featureLack(feature) === undefined ? "available" : "missing");
  for (const name of ["kprobe_multi", "uprobe_multi", "netfilter", "tcx", "netkit", "sockmap", "struct_ops"] as const) {
    assert.equal(supportOf(linkTypes, name), expected(`link:${name}`), name);
  }
  assert.equal(supportOf(linkTypes, "perf_event"), expected("link:perf_event"));
  assert.equal(supportOf(attachTypes, "cgroup_unix_connect"), expected("attach:cgroup_unix"));
  assert.equal(supportOf(attachTypes, "netkit_peer"), expected("link:netkit"));
  const cgroup = attachTypes.find(({ name }) => name === "cgroup_inet_ingress");
  assert.deepEqual(cgroup, { name: "cgroup_inet_ingress", support: "available", source: "probe" });
  const tracing = attachTypes.find(({ name }) => name === "trace_fentry");
  assert.deepEqual(tracing, { name: "trace_fentry", support: "available", source: "btf" });
});

test("without rights, no hook and no kfunc of this kernel is called missing", (t) => {
  const full = probeHooks();
  const reduced = withoutCapabilities(ALL, probeHooks);
  for (const kind of ["attachTypes", "linkTypes"] as const) {
    for (const { name, support } of full[kind]) {
      if (support === "available") assert.notEqual(supportOf(reduced[kind], name), "missing", name);
    }
  }
  assert.equal(supportOf(reduced.attachTypes, "cgroup_device"), "forbidden");
  if (!needs(t, "kernel:marked_kfuncs")) return;
  const kfuncs = withoutCapabilities(ALL, probeKfuncs);
  const xdp = kfuncs?.find(({ programType }) => programType === "xdp");
  assert.ok(xdp?.kfuncs.every(({ support }) => support === "forbidden"));
});

test("the kfuncs that each type of program may call", (t) => {
  if (!needs(t, "kernel:marked_kfuncs", "machine:fast")) return;
  const { stdout, code } = bpfts("-j", "feature", "kfuncs");
  assert.equal(code, 0);
  const types = JSON.parse(stdout) as Record<string, { name: string; module?: string }[] | null>;
  const has = (type: string, name: string) => types[type]?.some((kfunc) => kfunc.name === name);
  assert.ok(has("xdp", "bpf_dynptr_from_xdp"));
  assert.ok(!has("socket_filter", "bpf_dynptr_from_xdp"));
  assert.ok(has("sched_cls", "bpf_dynptr_from_skb"));
  assert.ok(!has("xdp", "bpf_dynptr_from_skb"));
  assert.equal(types.ext, null);
});

test("feature hooks says how each answer was found", (t) => {
  const { stdout } = bpfts("feature", "hooks");
  assert.match(stdout, /^eBPF attach_type cgroup_device is available \(probed\)$/m);
  assert.match(stdout, /^eBPF attach_type trace_fentry is available \(by the kernel's BTF\)$/m);
  if (!needs(t, "machine:fast")) return;
  const { link_types } = JSON.parse(bpfts("-j", "feature", "hooks").stdout);
  assert.deepEqual(link_types.cgroup, { have: true, source: "probe" });
});
