import assert from "node:assert/strict";
import { test } from "node:test";
import {
  attachCgroup,
  attachProgram,
  CGROUP_ATTACH_TYPES,
  detachProgram,
  queryCgroup,
} from "../../../src/kernel/index.ts";
import { cgroupId } from "../../../src/sys/index.ts";
import { attachTypeName, BpfAttachFlag } from "../../../src/uapi/index.ts";
import { fireIn, withCgroup } from "../../support/cgroup.ts";
import { HOOKS, hookProgram } from "./programs.ts";
import { lacksHook } from "./support.ts";

test("every attach type of cgroups is tested here, in bpftool's order", () => {
  assert.deepEqual(
    HOOKS.map(([type]) => type),
    CGROUP_ATTACH_TYPES,
  );
});

test("every hook: a program attached without a link fires, is listed and taken off", async (t) => {
  const { path } = withCgroup(t);
  for (const [attachType] of HOOKS) {
    const name = attachTypeName(attachType) ?? "";
    await t.test(name, (t) => {
      const reason = lacksHook(attachType);
      if (reason !== undefined) return t.skip(reason);
      const { program, count } = hookProgram(t, attachType);
      attachProgram(program, { cgroup: path, attachType: name, multi: true });
      fireIn(path);
      const runs = count();
      assert.ok(runs > 0n, "it fires");
      const { programs, ...hook } = queryCgroup(path, attachType);
      const { revision, ...rest } = hook;
      const attach_flags = programs[0]?.attach_flags;
      assert.deepEqual(rest, { attach_type: attachType, attach_flags: rest.attach_flags, prog_ids: [program.id] });
      assert.equal(attach_flags, BpfAttachFlag.BPF_F_ALLOW_MULTI);
      assert.equal(programs[0]?.name, program.name);
      assert.equal(programs[0]?.attach_btf_id !== 0, name === "lsm_cgroup");
      assert.ok(revision >= 0n);
      detachProgram(program, { cgroup: path });
      fireIn(path);
      assert.equal(count(), runs, "it does not fire any more");
      assert.deepEqual(queryCgroup(path, attachType).programs, []);
    });
  }
});

test("every hook: a program attached by a link fires until the link is closed", async (t) => {
  const { path } = withCgroup(t);
  for (const [attachType] of HOOKS) {
    await t.test(attachTypeName(attachType) ?? "", (t) => {
      const reason = lacksHook(attachType);
      if (reason !== undefined) return t.skip(reason);
      const { program, count } = hookProgram(t, attachType);
      const link = attachCgroup(program, { cgroup: path });
      t.after(() => link.close());
      fireIn(path);
      const runs = count();
      assert.ok(runs > 0n, "it fires");
      const info = link.info();
      assert.ok(info.kind === "cgroup");
      assert.deepEqual([info.attach_type, info.cgroup_id], [attachType, cgroupId(path)]);
      const { programs } = queryCgroup(path, attachType, { details: true });
      assert.deepEqual(
        programs.map(({ id, link_id, cgroup }) => ({ id, link_id, cgroup })),
        [{ id: program.id, link_id: link.id, cgroup: path }],
      );
      link.close();
      fireIn(path);
      assert.equal(count(), runs, "it does not fire any more");
      assert.deepEqual(queryCgroup(path, attachType).programs, []);
    });
  }
});
