import assert from "node:assert/strict";
import { test } from "node:test";
import * as uapi from "../../src/uapi/index.ts";

const TABLES = [
  { type: uapi.BpfProgType, name: uapi.progTypeName, byName: uapi.progTypeByName, sample: [6, "xdp"] },
  { type: uapi.BpfMapType, name: uapi.mapTypeName, byName: uapi.mapTypeByName, sample: [9, "lru_hash"] },
  {
    type: uapi.BpfAttachType,
    name: uapi.attachTypeName,
    byName: uapi.attachTypeByName,
    sample: [0, "cgroup_inet_ingress"],
  },
  {
    type: uapi.BpfLinkType,
    name: uapi.linkTypeName,
    byName: uapi.linkTypeByName,
    sample: [1, "raw_tracepoint"],
  },
] as const;

for (const { type, name, byName, sample } of TABLES) {
  test(`text names of ${sample[1]} and its kind`, () => {
    assert.equal(name(sample[0]), sample[1]);
    for (const [kernelName, value] of Object.entries(type)) {
      const text = name(value);
      assert.ok(text !== undefined, `${kernelName} has a text name`);
      assert.equal(byName(text), value);
    }
    assert.equal(name(9999), undefined);
    assert.equal(byName("no such name"), undefined);
    // Not something inherited from Object.
    assert.equal(byName("constructor"), undefined);
  });
}

test("names of commands", () => {
  assert.equal(uapi.cmdName(0), "BPF_MAP_CREATE");
  assert.equal(uapi.cmdName(10), "BPF_PROG_TEST_RUN");
  assert.equal(uapi.cmdName(38), "BPF_PROG_ASSOC_STRUCT_OPS");
  assert.equal(uapi.cmdName(999), "command 999");
});

test("names of helper functions", () => {
  assert.equal(uapi.helperName(1), "bpf_map_lookup_elem");
  assert.equal(uapi.helperName(211), "bpf_cgrp_storage_delete");
  assert.equal(uapi.helperName(212), undefined);
  assert.equal(uapi.helperByName("bpf_ktime_get_ns"), 5);
});
