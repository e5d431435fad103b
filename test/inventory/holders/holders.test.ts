import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { objectHolders } from "../../../src/inventory/index.ts";
import {
  btfInfo,
  btfLoad,
  linkHead,
  mapCreate,
  mapInfo,
  progInfo,
  progLoad,
  rawTracepointOpen,
} from "../../../src/sys/index.ts";
import { BpfMapType, BpfProgType } from "../../../src/uapi/index.ts";
import { owned } from "../../support/cleanup.ts";
import { lacking } from "../../support/feature.ts";
import { holdersAmong, withProgramHolder } from "../../support/holder.ts";
import { returning } from "../../support/programs.ts";

/** BTF of one type, an int: header, type, strings. */
const INT = Uint8Array.of(
  ...[0x9f, 0xeb, 1, 0, 24, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 16, 0, 0, 0, 5, 0, 0, 0],
  ...[1, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 32, 0, 0, 1],
  ...[0, 105, 110, 116, 0],
);
const WAYS = ["proc", "iterator"] as const;
const me = { pid: process.pid, comm: readFileSync("/proc/self/comm", "utf8").trim() };

function program(t: TestContext): number {
  return owned(t, progLoad({ prog_type: BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT, insns: returning(0) }));
}

for (const by of WAYS) {
  const skip = by === "iterator" && lacking("machine:first_namespaces");
  test(`who holds objects, by ${by}: of each kind, and this process is left out when asked`, { skip }, (t) => {
    const prog = program(t);
    const link = owned(t, rawTracepointOpen(prog, { name: "sys_enter" }));
    const map = owned(
      t,
      mapCreate({ map_type: BpfMapType.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 4, max_entries: 1 }),
    );
    const btf = owned(t, btfLoad(INT));
    const fds = readdirSync("/proc/self/fd").length;
    const cases = [
      ["program", progInfo(prog).id],
      ["link", linkHead(link).id],
      ["map", mapInfo(map).id],
      ["btf", btfInfo(btf).id],
    ] as const;
    for (const [kind, id] of cases) {
      assert.deepEqual(holdersAmong(objectHolders(kind, { by }).get(id), me.pid), [me], kind);
      assert.deepEqual(holdersAmong(objectHolders(kind, { by, others: true }).get(id), me.pid), [], kind);
    }
    assert.equal(readdirSync("/proc/self/fd").length, fds, "no fd is left");
  });

  test(`who holds objects, by ${by}: other processes, and none once they ended`, { skip }, async (t) => {
    const prog = program(t);
    const { id } = progInfo(prog);
    const holder = await withProgramHolder(t, 2, id, id);
    const them = { pid: holder.pid, comm: readFileSync(`/proc/${holder.pid}/comm`, "utf8").trim() };
    const ours = [me.pid, them.pid];
    const found = objectHolders("program", { by });
    for (const held of holder.ids) assert.deepEqual(holdersAmong(found.get(held), ...ours), [them]);
    assert.deepEqual(
      holdersAmong(found.get(id), ...ours),
      [me, them].sort((a, b) => a.pid - b.pid),
      "each process once",
    );
    await holder.end();
    const after = objectHolders("program", { by });
    assert.deepEqual(holdersAmong(after.get(holder.ids[0] as number), ...ours), []);
    assert.deepEqual(holdersAmong(after.get(id), ...ours), [me]);
  });

  test(`who holds objects, by ${by}: a thread whose files are its own`, { skip }, async (t) => {
    const { pid, ids } = await withProgramHolder(t, 0);
    const holders = objectHolders("program", { by }).get(ids[0] as number);
    assert.deepEqual(
      holdersAmong(holders, pid, me.pid).map((holder) => holder.pid),
      [pid],
    );
  });
}

test("both ways find the same of this process's objects", { skip: lacking("machine:first_namespaces") }, (t) => {
  const ids = Array.from({ length: 50 }, () => progInfo(program(t)).id);
  const [one, two] = WAYS.map((by) => objectHolders("program", { by }));
  assert.deepEqual(
    ids.map((id) => holdersAmong(one?.get(id), me.pid)),
    ids.map(() => [me]),
  );
  assert.deepEqual(
    ids.map((id) => holdersAmong(two?.get(id), me.pid)),
    ids.map(() => [me]),
  );
});
