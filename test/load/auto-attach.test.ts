import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../../src/errors/index.ts";
import type { FeatureName } from "../../src/kernel/features/table.ts";
import { attachBySection, autoAttach, loadObject, readObject } from "../../src/load/index.ts";
import type { Program } from "../../src/program/index.ts";
import { ownFds } from "../link/conformance.ts";
import { callGetpriority } from "../link/tracing-object.ts";
import { needs } from "../support/feature.ts";

const FILE = "test/bpf/links-tracing.bpf.o";

/** Programs of the object by what they need. */
const BY_SECTION: Readonly<Record<string, { readonly needs: FeatureName | undefined; readonly kind: string }>> = {
  on_tracepoint: { needs: undefined, kind: "perf_event" },
  on_raw_tp: { needs: undefined, kind: "raw_tracepoint" },
  on_tp_btf: { needs: undefined, kind: "raw_tracepoint" },
  on_uprobe: { needs: undefined, kind: "perf_event" },
  on_uretprobe: { needs: undefined, kind: "perf_event" },
  tasks: { needs: undefined, kind: "iter" },
  on_uprobe_multi: { needs: "link:uprobe_multi", kind: "uprobe_multi" },
  on_uretprobe_multi: { needs: "link:uprobe_multi", kind: "uprobe_multi" },
  on_uprobe_session: { needs: "link:uprobe_session", kind: "uprobe_multi" },
  on_kprobe: { needs: "attach:kprobe", kind: "perf_event" },
  on_kretprobe: { needs: "attach:kprobe", kind: "perf_event" },
  on_ksyscall: { needs: "attach:kprobe", kind: "perf_event" },
  on_kretsyscall: { needs: "attach:kprobe", kind: "perf_event" },
  on_kprobe_multi: { needs: "link:kprobe_multi", kind: "kprobe_multi" },
  on_kretprobe_multi: { needs: "link:kprobe_multi", kind: "kprobe_multi" },
  on_kprobe_session: { needs: "link:kprobe_session", kind: "kprobe_multi" },
  on_fentry: { needs: "attach:fentry", kind: "tracing" },
  on_fexit: { needs: "attach:fentry", kind: "tracing" },
  on_fmod_ret: { needs: "attach:fmod_ret_test", kind: "tracing" },
  on_fsession: { needs: "attach:fsession", kind: "tracing" },
  on_fentry_multi: { needs: "link:tracing_multi", kind: "tracing_multi" },
  on_lsm: { needs: "attach:lsm_runs", kind: "tracing" },
};

for (const [name, expected] of Object.entries(BY_SECTION)) {
  test(`${name} attaches itself by its section`, (t) => {
    if (expected.needs !== undefined && !needs(t, expected.needs)) return;
    using object = loadObject(FILE, { programs: [name] });
    const before = ownFds();
    {
      using attached = autoAttach(object);
      const link = attached.links[name];
      assert.ok(link);
      assert.equal(link.typeName, expected.kind);
      assert.deepEqual(attached.left, []);
    }
    assert.deepEqual(ownFds(), before, "closed with the handle");
  });
}

test("what does not say where it goes is left, and listed", () => {
  const names = ["on_tracepoint", "on_perf_event", "no_link", "on_uprobe_anywhere", "on_raw_tp"];
  const spec = readObject(FILE);
  const raw = spec.programs.on_raw_tp;
  assert.ok(raw);
  raw.autoattach = false;
  using object = loadObject(spec, { programs: names });
  using attached = autoAttach(object);
  assert.deepEqual(Object.keys(attached.links), ["on_tracepoint"]);
  assert.deepEqual(
    attached.left.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    [
      { name: "no_link", reason: "a section named xdp never says all of where it goes" },
      { name: "on_perf_event", reason: "a section named perf_event never says all of where it goes" },
      { name: "on_raw_tp", reason: "it is not to be attached by itself (autoattach)" },
      { name: "on_uprobe_anywhere", reason: "its section uprobe does not say where it goes" },
    ],
  );
  assert.equal(attachBySection(object.programs.no_link as Program), undefined);
  assert.equal(attachBySection(object.programs.on_uprobe_anywhere as Program), undefined);
});

test("nothing is left attached if one program cannot be", () => {
  const spec = readObject(FILE);
  const { wanted } = spec.variables;
  const { on_uprobe: uprobe } = spec.programs;
  assert.ok(wanted && uprobe);
  wanted.value = process.pid;
  uprobe.attachTo = "libc.so.6:getpriorty";
  using object = loadObject(spec, { programs: ["on_tracepoint", "on_uprobe"] });
  const before = ownFds();
  assert.throws(
    () => autoAttach(object),
    (error) => error instanceof UsageError && /has no function getpriorty; it has getpriority/.test(error.message),
  );
  assert.deepEqual(ownFds(), before);
  callGetpriority();
  assert.equal(object.variables.hits?.value, 0n);
});
