import assert from "node:assert/strict";
import { test } from "node:test";
import { createMap } from "../../../src/map/index.ts";
import { withBpffs } from "../../support/bpffs.ts";
import { bpftool, bpfts, hasPeer } from "../run.ts";

test("a name that the kernel does not accept is refused, and no other name is put in its place", (t) => {
  const bpffs = withBpffs(t);
  for (const name of ["my-map", "a b", "é", "a/b"]) {
    const create = ["map", "create", `${bpffs}/map`, "type", "hash", "key", "4", "value", "4", "entries", "1"];
    const line = [...create, "name", name];
    const refusal = { stdout: "", stderr: "Error: map create failed: Invalid argument\n", code: 255 };
    assert.deepEqual(bpfts(...line), refusal, name);
    if (hasPeer) assert.deepEqual(bpftool(...line), refusal, `${name}, bpftool`);
    assert.equal(bpfts("-j", ...line).stdout, '{"error":"map create failed: Invalid argument"}\n', name);
    assert.equal(bpfts("map", "show", "name", name).stdout, "", name);
    assert.throws(
      () => createMap({ type: "hash", name, key: "u32", value: "u32", maxEntries: 1 }),
      { name: "SyscallError", message: /EINVAL/ },
      name,
    );
  }
});
