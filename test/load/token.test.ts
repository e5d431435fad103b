import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../../src/errors/index.ts";
import { loadObject } from "../../src/load/index.ts";
import { withBpffs } from "../support/bpffs.ts";
import { runDelegated } from "../support/delegated.ts";
import { needs } from "../support/feature.ts";

test("in a user namespace, a token of a bpffs replaces capabilities", async (t) => {
  if (!needs(t, "prog:token")) return;
  const { loadWithout, loadPrevented, loadElsewhere, createWithout, commandWithout, commandPrevented, ...rest } =
    await runDelegated<Record<string, unknown>>(t, "token-load-child.js");
  for (const refused of [loadWithout, loadPrevented, createWithout]) {
    assert.match(String(refused), /EPERM.*use a BPF token \(Linux 6\.9\)/);
  }
  assert.match(String(commandWithout), /^Error: map create failed: Operation not permitted/);
  assert.match(String(commandPrevented), /^Error: failed to load object file: .*EPERM/);
  assert.match(String(loadElsewhere), /^cannot create a BPF token from \/proc\/self: it is not the root of a bpffs/);
  assert.deepEqual(rest, {
    load: "3 programs, 5 maps",
    loadByVariable: "3 programs, 5 maps",
    create: 1,
    createByVariable: 1,
    commandCreates: "done",
    commandCreatesByVariable: "done",
    commandLoads: "done",
    commandLoadsAll: "done",
  });
});

test("a loader program cannot use a token, and the initial user namespace has none", (t) => {
  assert.throws(() => loadObject("test/bpf/counter.bpf.o", { token: "/x", useLoader: true }), UsageError);
  assert.throws(() => loadObject("test/bpf/counter.bpf.o", { token: "/no/such" }), /cannot be opened: No such file/);
  if (!needs(t, "prog:token")) return;
  assert.throws(() => loadObject("test/bpf/counter.bpf.o", { token: "/proc" }), /not the root of a bpffs/);
  const token = withBpffs(t, "delegate_cmds=any");
  assert.throws(() => loadObject("test/bpf/counter.bpf.o", { token }), /belongs to the initial user namespace/);
});
