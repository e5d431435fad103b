import assert from "node:assert/strict";
import { test } from "node:test";
import { kernelFeatures } from "../../src/kernel/index.ts";
import { Capability, capabilities, withoutCapabilities } from "../../src/sys/index.ts";
import { bpfts } from "../cli/run.ts";
import { needs } from "../support/feature.ts";
import { assertSameOutput } from "./same-output.ts";

const ALL = Object.keys(Capability) as Capability[];

test("feature probe and list_builtins print what bpftool prints", (t) => {
  if (!needs(t, "tool:bpftool")) return;
  assertSameOutput("feature probe dev lo");
  assertSameOutput("feature probe macros prefix X_ full dev lo", { styles: [[]] });
  for (const group of ["prog_types", "map_types", "attach_types", "link_types", "helpers"]) {
    assertSameOutput(`feature list_builtins ${group}`, { styles: [["-j"]] });
  }
  assertSameOutput("feature list_builtins m", { styles: [[]] });
  for (const line of [
    "feature list_builtins none",
    "feature probe dev",
    "feature probe dev none",
    "feature probe kernel dev lo",
    "feature probe dev lo kernel",
    "feature probe prefix X_",
    "feature probe macros prefix",
    "feature probe macros prefix A prefix B",
    "feature probe macros macros",
    "feature probe none",
  ]) {
    assertSameOutput(line, { styles: [[]] });
  }
  assertSameOutput("feature list_builtins", { ownMessage: true });
});

test("feature probe of the kernel prints what bpftool prints", (t) => {
  if (!needs(t, "tool:bpftool", "machine:fast")) return;
  assertSameOutput("feature", { styles: [[]] });
  assertSameOutput("feature probe kernel", { styles: [["-p"]] });
});

test("what may not be probed is forbidden, not missing", () => {
  const held = capabilities();
  const { programTypes, mapTypes, helpers } = withoutCapabilities(ALL, () => kernelFeatures());
  assert.deepEqual(capabilities(), held, "the capabilities are back");
  const supportOf = (name: string): string | undefined => programTypes.find((type) => type.name === name)?.support;
  // An unprivileged user may load no kprobe, wherever bpf(2) is allowed.
  assert.equal(supportOf("kprobe"), "forbidden");
  assert.equal(supportOf("syscall"), "forbidden");
  assert.equal(mapTypes.find(({ name }) => name === "lru_hash")?.support, "forbidden");
  const kprobe = helpers.find(({ programType }) => programType === "kprobe");
  assert.ok(kprobe?.helpers.every(({ support }) => support === "forbidden"));
});

test("the command says what it may not probe", () => {
  const text = bpfts("feature", "probe", "unprivileged").stdout;
  assert.match(text, /^eBPF program_type kprobe cannot be probed: not allowed$/m);
  assert.match(
    text,
    /^eBPF helpers supported for program type kprobe:\n\tProgram type cannot be probed: not allowed$/m,
  );
  const json = JSON.parse(bpfts("-j", "feature", "probe", "unprivileged").stdout);
  assert.equal(json.program_types.have_kprobe_prog_type, null);
  assert.equal(json.helpers.kprobe_available_helpers, null);
  const macros = bpfts("feature", "probe", "unprivileged", "macros").stdout;
  assert.match(macros, /^\/\* HAVE_KPROBE_PROG_TYPE cannot be probed: not allowed \*\/$/m);
  assert.match(macros, /^\/\* BPF__PROG_TYPE_kprobe__HELPER_bpf_map_lookup_elem cannot be probed: not allowed \*\/$/m);
});

test("the kernel's features: types, helpers, settings and build options", (t) => {
  if (!needs(t, "machine:fast")) return;
  const { system, hasBpf, programTypes, mapTypes, helpers, misc } = kernelFeatures();
  assert.ok(hasBpf);
  assert.equal(typeof system?.settings.bpf_jit_limit, "number");
  assert.equal(system?.config?.get("CONFIG_BPF_SYSCALL") ?? "y", "y");
  for (const name of ["socket_filter", "xdp", "sched_cls", "syscall"]) {
    assert.equal(programTypes.find((type) => type.name === name)?.support, "available", name);
  }
  for (const name of ["hash", "array_of_maps", "sk_storage", "ringbuf"]) {
    assert.equal(mapTypes.find((type) => type.name === name)?.support, "available", name);
  }
  const xdp = new Map(
    helpers.find(({ programType }) => programType === "xdp")?.helpers.map(({ name, support }) => [name, support]),
  );
  assert.equal(xdp.get("bpf_redirect_map"), "available");
  assert.equal(xdp.get("bpf_skb_store_bytes"), "missing");
  assert.equal(xdp.has("bpf_trace_printk"), false, "a probe of it would write to the kernel's log");
  assert.equal(misc.find(({ name }) => name === "bounded_loops")?.support, "available");
});
