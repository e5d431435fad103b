import assert from "node:assert/strict";
import { openSync } from "node:fs";
import { test } from "node:test";
import { UsageError } from "../../src/errors/index.ts";
import type { FeatureName } from "../../src/kernel/features/table.ts";
import { attachBySection, autoAttach, loadObject, readObject } from "../../src/load/index.ts";
import { type AutoAttach, SECTION_KINDS } from "../../src/object/section-kinds.ts";
import { Program } from "../../src/program/index.ts";
import { OwnedFd } from "../../src/sys/index.ts";
import { BpfProgType } from "../../src/uapi/index.ts";
import { ownFds } from "../link/conformance.ts";
import { callGetpriority } from "../link/tracing-object.ts";
import { needs } from "../support/feature.ts";
import { kernelPid } from "../support/kernel-pid.ts";

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

test("what does not name a target is left, and listed", () => {
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
      { name: "no_link", reason: "a section name such as xdp does not name a complete target" },
      { name: "on_perf_event", reason: "a section name such as perf_event does not name a complete target" },
      { name: "on_raw_tp", reason: "autoattach is false in the program's spec" },
      { name: "on_uprobe_anywhere", reason: "its section uprobe does not name a target" },
    ],
  );
  assert.equal(attachBySection(object.programs.no_link as Program), undefined);
  assert.equal(attachBySection(object.programs.on_uprobe_anywhere as Program), undefined);
});

/** What may follow the name of a section that has to say where its program goes. */
const TARGETS: Readonly<Record<AutoAttach, readonly string[]>> = {
  kprobe: ["do_unlinkat", "do_unlinkat+0"],
  ksyscall: ["unlinkat"],
  kprobe_multi: ["bpf_fentry_test*"],
  kprobe_session: ["bpf_fentry_test*"],
  uprobe: ["/bin/sh:main", "/bin/sh:main+0"],
  uprobe_multi: ["/bin/sh:ma*"],
  usdt: ["libc.so.6:libc:setjmp"],
  tp: ["sched/sched_switch"],
  raw_tp: ["sched_switch"],
  trace: [""],
  tracing_multi: ["bpf_fentry_test*"],
  lsm: [""],
  iter: [""],
};

test("what a section says fits the options of the function that attaches its program", () => {
  // Options are checked before the program's type, and the type before the kernel is asked for anything.
  const type = BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER;
  for (const kind of SECTION_KINDS) {
    for (const attachTo of kind.autoAttach === undefined ? [] : TARGETS[kind.autoAttach]) {
      const sectionName = `${kind.name}/${attachTo}`;
      const fd = new OwnedFd(openSync("/dev/null", "r"), sectionName);
      using program = new Program(fd, { name: "unfit", type, sectionName, attachTo });
      assert.throws(
        () => attachBySection(program),
        (error) => error instanceof UsageError && /: this hook takes \w+( or \w+)* programs$/.test(error.message),
        sectionName,
      );
    }
  }
});

test("a return probe's section has no offset but 0", () => {
  for (const [sectionName, attachTo, message] of [
    [
      "kretprobe/do_unlinkat+4",
      "do_unlinkat+4",
      /kretprobe\/do_unlinkat\+4 does not have the form kretprobe\/function$/,
    ],
    [
      "uretprobe//bin/sh:main+4",
      "/bin/sh:main+4",
      /uretprobe\/\/bin\/sh:main\+4 does not have the form uretprobe\/binary:function$/,
    ],
  ] as const) {
    const fd = new OwnedFd(openSync("/dev/null", "r"), sectionName);
    using program = new Program(fd, {
      name: "on_return",
      type: BpfProgType.BPF_PROG_TYPE_KPROBE,
      sectionName,
      attachTo,
    });
    assert.throws(() => attachBySection(program), message);
  }
});

test("nothing is left attached if one program cannot be", () => {
  const spec = readObject(FILE);
  const { wanted } = spec.variables;
  const { on_uprobe: uprobe } = spec.programs;
  assert.ok(wanted && uprobe);
  wanted.value = kernelPid();
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
