import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type MapSpec, parseObject } from "../../src/object/index.ts";
import { BpfMapFlag, BpfMapType } from "../../src/uapi/index.ts";
import { existing, fixture } from "./fixtures.ts";

function sizes({ type, keySize, valueSize, maxEntries, flags }: MapSpec): number[] {
  return [type, keySize, valueSize, maxEntries, flags];
}

const T = BpfMapType;

test("every member of a map's struct is read", () => {
  const { maps, btf } = fixture("maps-fields");
  const { on_node, both_sizes_and_types, tagged, wide_fields, perf_by_cpu, odd_ring } = maps;
  const longName = existing(maps.a_name_longer_than_the_kernel_keeps);
  const node = BpfMapFlag.BPF_F_NO_PREALLOC | BpfMapFlag.BPF_F_NUMA_NODE;
  assert.deepEqual(sizes(existing(on_node)), [T.BPF_MAP_TYPE_HASH, 4, 8, 10, node]);
  assert.deepEqual([on_node?.numaNode, tagged?.numaNode], [0, undefined]);
  const types = existing(btf);
  const { keyTypeId = 0, valueTypeId = 0 } = both_sizes_and_types ?? {};
  assert.deepEqual(
    [types.name(keyTypeId), types.name(valueTypeId), both_sizes_and_types?.pinning],
    ["u32", "u64", "none"],
  );
  assert.deepEqual([...(tagged?.tags ?? [])].sort(), ["first tag", "second tag"]);
  assert.deepEqual([wide_fields?.mapExtra, wide_fields?.keySize, wide_fields?.valueSize], [2n, 0, 4]);
  assert.deepEqual(sizes(existing(perf_by_cpu)), [T.BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 0, 0]);
  // Rounding to pages is the loader's: the file does not know their size.
  assert.equal(odd_ring?.maxEntries, 5000);
  assert.equal(longName.kernelName, "a_name_longer_t");
  assert.equal(fixture("maps-pinned").maps.pinned?.pinning, "name");
});

test("maps of maps have a prototype and initial elements", () => {
  const { by_index, by_key, anonymous_inner } = fixture("maps-nested").maps;
  assert.deepEqual(by_index?.slots, [
    { index: 1, target: "inner_one" },
    { index: 2, target: "inner_two" },
  ]);
  assert.deepEqual(by_key?.slots, [{ index: 0, target: "inner_two" }]);
  assert.equal(by_index?.innerMap?.name, "by_index.inner");
  assert.deepEqual(sizes(existing(by_index?.innerMap)), [T.BPF_MAP_TYPE_ARRAY, 4, 8, 2, 0]);
  assert.deepEqual(sizes(existing(anonymous_inner?.innerMap)), [
    T.BPF_MAP_TYPE_HASH,
    2,
    4,
    3,
    BpfMapFlag.BPF_F_NO_PREALLOC,
  ]);
  assert.deepEqual(sizes(existing(anonymous_inner)), [T.BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 2, 0]);
});

test("prog arrays have initial programs", () => {
  const { jumps, empty } = fixture("maps-tail-calls").maps;
  assert.deepEqual(jumps?.slots, [
    { index: 0, target: "first" },
    { index: 3, target: "second" },
  ]);
  assert.deepEqual([jumps?.valueSize, jumps?.innerMap, empty?.slots], [4, undefined, []]);
});

test("an arena holds its globals", () => {
  const { maps, variables, programs } = fixture("maps-arena");
  const { arena } = maps;
  assert.equal(arena?.source, "arena");
  assert.equal(arena?.mapExtra, 1n << 44n);
  assert.equal(variables.arena_counter?.value, 41n);
  assert.equal(variables.arena_counter?.sectionName, ".addr_space.1");
  const references = existing(programs.use).relocations.filter((r) => r.kind === "map_value");
  assert.ok(references.length > 0 && references.every((r) => r.kind === "map_value" && r.map === "arena"));
});

for (const name of ["maps-legacy", "maps-legacy-no-btf", "maps-legacy-be"]) {
  test(`${name}: legacy definitions are refused, and read when asked for`, () => {
    assert.throws(
      () => fixture(name),
      new RegExp(`^FormatError: ${name}\\.bpf\\.o: section maps: legacy map definitions`),
    );
    const { maps, kernelVersion, programs } = fixture(name, { legacyMaps: true });
    assert.deepEqual(sizes(existing(maps.old_hash)), [T.BPF_MAP_TYPE_HASH, 4, 8, 16, BpfMapFlag.BPF_F_NO_PREALLOC]);
    assert.deepEqual(sizes(existing(maps.old_array)), [T.BPF_MAP_TYPE_ARRAY, 4, 16, 4, 0]);
    assert.equal(maps.old_hash?.source, "legacy");
    assert.equal(kernelVersion, 0x060c03);
    assert.deepEqual(
      programs.use?.relocations.map((r) => r.kind === "map" && r.map),
      ["old_hash", "old_array"],
    );
  });
}

test("what is unknown in a map's definition is refused, and ignored when asked for", () => {
  const name = "maps-legacy-iproute2";
  assert.throws(
    () => fixture(name, { legacyMaps: true }),
    /map old_array: the bytes after map_flags are not 0; to ignore them, set the option 'ignoreUnknownMapFields' \(in the command: --mapcompat\)$/,
  );
  const { maps } = fixture(name, { legacyMaps: true, ignoreUnknownMapFields: true });
  assert.deepEqual(sizes(existing(maps.old_array)), [T.BPF_MAP_TYPE_ARRAY, 4, 16, 4, 0]);

  const bytes = readFileSync("test/bpf/maps-fields.bpf.o");
  for (let at = bytes.indexOf("numa_node"); at >= 0; at = bytes.indexOf("numa_node", at)) bytes.write("numa_hint", at);
  assert.throws(() => parseObject(bytes), /map on_node: its definition has an unknown member numa_hint;/);
  const { on_node } = parseObject(bytes, { ignoreUnknownMapFields: true }).maps;
  assert.deepEqual([on_node?.keySize, on_node?.valueSize, on_node?.maxEntries], [4, 8, 10]);
});

test("struct_ops: the structs, their programs, and which are made", () => {
  const { maps, programs } = fixture("struct-ops-optional");
  const { bpfts_always: always, bpfts_optional: optional } = maps;
  assert.deepEqual([always?.autocreate, optional?.autocreate], [true, false]);
  assert.deepEqual(sizes(existing(always)), [
    T.BPF_MAP_TYPE_STRUCT_OPS,
    4,
    always?.valueSize,
    1,
    BpfMapFlag.BPF_F_LINK,
  ]);
  const structOps = existing(always?.structOps);
  assert.deepEqual([structOps.typeName, structOps.link, structOps.data.length], ["tcp_congestion_ops", true, 40]);
  assert.deepEqual(structOps.callbacks, [
    { offset: 0, member: "ssthresh", program: "always" },
    { offset: 8, member: "cong_avoid", program: "acknowledged" },
    { offset: 16, member: "undo_cwnd", program: "optional_program" },
  ]);
  assert.equal(new TextDecoder().decode(structOps.data.subarray(24, 36)), "bpfts_always");
  assert.deepEqual(
    optional?.structOps?.callbacks.map(({ program }) => program),
    ["only_optional", "acknowledged", "only_optional"],
  );
  assert.equal(programs.optional_program?.autoload, false);
  const plain = existing(fixture("struct-ops").maps.bpfts_plain);
  assert.deepEqual([plain.structOps?.link, plain.flags], [false, 0]);
});
