import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  attachCgroup,
  attachProgram,
  CGROUP_ATTACH_TYPES,
  detachProgram,
  type Link,
  queryCgroup,
} from "../../../src/link/index.ts";
import { cgroupId } from "../../../src/sys/index.ts";
import { attachTypeName, BpfAttachFlag, BpfAttachType } from "../../../src/uapi/index.ts";
import { CgroupProcess, withCgroup } from "../../support/cgroup.ts";
import type { Counting } from "../../support/counting.ts";
import { HOOKS, hookProgram } from "./programs.ts";
import { needsHook } from "./support.ts";

test("every attach type of cgroups is tested here, in bpftool's order", () => {
  assert.deepEqual(
    HOOKS.map(([type]) => type),
    CGROUP_ATTACH_TYPES,
  );
});

/** The hooks that this kernel should have, each with a program. The others are skipped, with the reason. */
async function programs(t: TestContext): Promise<Counting[]> {
  const found: Counting[] = [];
  for (const [attachType] of HOOKS) {
    await t.test(`${attachTypeName(attachType)} loads`, (s) => {
      if (needsHook(s, attachType)) found.push(hookProgram(t, attachType));
    });
  }
  return found;
}

function typeOf({ program }: Counting): number {
  return program.origin.attachType as number;
}

test("every hook: a program attached without a link fires, is listed and taken off", async (t) => {
  const { path } = withCgroup(t);
  const process = new CgroupProcess(t);
  const all = await programs(t);
  for (const one of all) {
    attachProgram(one.program, { cgroup: path, attachType: attachTypeName(typeOf(one)), multi: true });
  }
  await process.act(path);
  const runs = all.map(({ count }) => count());
  for (const [i, one] of all.entries()) {
    const { program } = one;
    const attachType = typeOf(one);
    await t.test(`${attachTypeName(attachType)} fires`, () => assert.ok((runs[i] as bigint) > 0n));
    const { programs: list, ...hook } = queryCgroup(path, attachType);
    assert.deepEqual(
      { ...hook, revision: 0n, attachFlags: 0 },
      { attachType, attachFlags: 0, revision: 0n, programIds: [program.id] },
    );
    const isLsm = attachType === BpfAttachType.BPF_LSM_CGROUP;
    assert.equal(hook.attachFlags, isLsm ? 0 : BpfAttachFlag.BPF_F_ALLOW_MULTI);
    assert.deepEqual(
      list.map(({ id, attachFlags, name, attachBtfId }) => ({
        id,
        attachFlags,
        name,
        hasPlace: attachBtfId !== 0,
      })),
      [{ id: program.id, attachFlags: BpfAttachFlag.BPF_F_ALLOW_MULTI, name: program.name, hasPlace: isLsm }],
    );
    detachProgram(program, { cgroup: path });
    assert.deepEqual(queryCgroup(path, attachType).programs, []);
  }
  await process.act(path);
  assert.deepEqual(
    all.map(({ count }) => count()),
    runs,
    "none fires any more",
  );
});

test("every hook: a program attached by a link fires until the link is closed", async (t) => {
  const { path } = withCgroup(t);
  const process = new CgroupProcess(t);
  const all = await programs(t);
  const links = all.map(({ program }) => attachCgroup(program, { cgroup: path }));
  t.after(() => {
    for (const link of links) link.close();
  });
  await process.act(path);
  const runs = all.map(({ count }) => count());
  for (const [i, one] of all.entries()) {
    const link = links[i] as Link;
    const attachType = typeOf(one);
    await t.test(`${attachTypeName(attachType)} fires`, () => assert.ok((runs[i] as bigint) > 0n));
    const info = link.info();
    assert.ok(info.kind === "cgroup");
    assert.deepEqual([info.attachType, info.cgroupId], [attachType, cgroupId(path)]);
    const { programs: list } = queryCgroup(path, attachType, { details: true });
    assert.deepEqual(
      list.map(({ id, linkId, cgroup }) => ({ id, linkId, cgroup })),
      [{ id: one.program.id, linkId: link.id, cgroup: path }],
    );
    link.close();
    // A listing of all links in another process may hold this one a moment longer.
    for (let wait = 0; wait < 100 && queryCgroup(path, attachType).programs.length > 0; wait++) await sleep(10);
    assert.deepEqual(queryCgroup(path, attachType).programs, []);
  }
  await process.act(path);
  assert.deepEqual(
    all.map(({ count }) => count()),
    runs,
    "none fires any more",
  );
});
