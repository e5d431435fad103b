import assert from "node:assert/strict";
import { test } from "node:test";
import { attachCgroup, attachProgram, detachProgram, queryPrograms } from "../../../src/link/index.ts";
import { cgroupId } from "../../../src/sys/index.ts";
import { BpfAttachFlag, BpfAttachType, BpfProgType } from "../../../src/uapi/index.ts";
import { CgroupProcess, withCgroup } from "../../support/cgroup.ts";
import { counting } from "../../support/counting.ts";
import { needs } from "../../support/feature.ts";
import { linkConformance } from "../conformance.ts";

const egress = {
  prog_type: BpfProgType.BPF_PROG_TYPE_CGROUP_SKB,
  expected_attach_type: BpfAttachType.BPF_CGROUP_INET_EGRESS,
  result: 1,
};

test("cgroup links", async (t) => {
  const { path: cgroup } = withCgroup(t);
  const process = new CgroupProcess(t);
  await linkConformance(t, {
    kind: "cgroup",
    first: counting(t, egress),
    second: counting(t, egress),
    attach: (program) => attachCgroup(program, { cgroup }),
    fire: () => process.act(cgroup, "datagrams"),
    check: (info) => {
      assert.ok(info.kind === "cgroup");
      assert.deepEqual([info.cgroupId, info.attachType], [cgroupId(cgroup), BpfAttachType.BPF_CGROUP_INET_EGRESS]);
    },
  });
});

test("queryPrograms asks a cgroup too, with the flags of each program", (t) => {
  if (!needs(t, "query:cgroup_flags")) return;
  const { path: cgroup } = withCgroup(t);
  const { program } = counting(t, egress);
  using _link = attachCgroup(counting(t, egress).program, { cgroup });
  attachProgram(program, { cgroup, multi: true });
  const { programs, attachFlags } = queryPrograms({ cgroup }, "cgroup_inet_egress");
  assert.equal(attachFlags, BpfAttachFlag.BPF_F_ALLOW_MULTI);
  assert.deepEqual(programs[1], { id: program.id, linkId: undefined, attachFlags: BpfAttachFlag.BPF_F_ALLOW_MULTI });
  const effective = queryPrograms({ cgroup }, "cgroup_inet_egress", { effective: true }).programs.map(({ id }) => id);
  assert.ok(effective.includes(program.id));
  assert.throws(
    () => detachProgram(undefined, { cgroup, attachType: "cgroup_inet_egress" }),
    /detachProgram: give the program to detach from the cgroup/,
  );
  detachProgram(program, { cgroup });
});
