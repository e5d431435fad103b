import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { attachProgram, detachProgram, type HookPlace, queryPrograms } from "../../../src/link/index.ts";
import { Namespace, unshare } from "../../../src/sys/index.ts";
import { BpfProgType } from "../../../src/uapi/index.ts";
import { type Counting, counting } from "../../support/counting.ts";
import { needs } from "../../support/feature.ts";
import { setUp } from "../../support/network.ts";
import { ping } from "../../support/ping.ts";
import { recordConformance } from "../conformance.ts";

// A process of its own: without a link a flow dissector goes to the caller's network namespace only.
unshare(Namespace.CLONE_NEWNET);
setUp("lo");
// To choose a CPU for a received packet the kernel takes it apart. /sys shows the namespace that mounted it.
const choose = "mount -t sysfs none /sys && echo 3 > /sys/class/net/lo/queues/rx-0/rps_cpus";
execFileSync("unshare", ["-m", "sh", "-c", choose]);

function isHit({ count }: Counting): boolean {
  const before = count();
  ping("127.0.0.1");
  return count() > before;
}

test("attachProgram: a flow dissector of this network namespace", (t) => {
  const load = { prog_type: BpfProgType.BPF_PROG_TYPE_FLOW_DISSECTOR };
  const [first, second] = [counting(t, load), counting(t, load)];
  const place: HookPlace = { netns: "self", attachType: "flow_dissector" };
  const ids = (): number[] => queryPrograms({ netns: "self" }, "flow_dissector").programs.map(({ id }) => id);
  attachProgram(first.program, place);
  assert.deepEqual(ids(), [first.program.id]);
  assert.equal(isHit(first), true);
  attachProgram(second.program, place);
  assert.deepEqual(ids(), [second.program.id]);
  assert.equal(isHit(second), true);
  detachProgram(second.program, place);
  assert.deepEqual(ids(), []);
  assert.equal(isHit(second), false);
  recordConformance(t.name, "attachment");
});

test("attachProgram: tcx, where the program stays until it is detached", (t) => {
  if (!needs(t, "link:tcx")) return;
  const load = { prog_type: BpfProgType.BPF_PROG_TYPE_SCHED_CLS, result: -1 };
  const [first, second] = [counting(t, load), counting(t, load)];
  const place: HookPlace = { device: "lo", attachType: "tcx_egress" };
  attachProgram(first.program, place);
  assert.equal(isHit(first), true);
  attachProgram(second.program, { ...place, anchor: { replace: first.program } });
  assert.deepEqual([isHit(first), isHit(second)], [false, true]);
  const { revision } = queryPrograms({ device: "lo" }, "tcx_egress");
  assert.throws(
    () => detachProgram(second.program, { ...place, expectedRevision: 99n }),
    /its revision is not the expected one$/,
  );
  detachProgram(second.program, { ...place, expectedRevision: revision });
  assert.equal(isHit(second), false);
  assert.throws(() => detachProgram(second.program, place), /not attached to this hook/);
  recordConformance(t.name, "attachment");
});
