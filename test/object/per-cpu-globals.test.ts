import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { skeletonPieces } from "../../src/codegen/index.ts";
import { isPerCpuSection, libbpfMapName, parseObject } from "../../src/object/index.ts";
import { BpfMapType } from "../../src/uapi/index.ts";

const data = readFileSync("test/bpf/per-cpu-globals.bpf.o");
const spec = parseObject(data, { name: "globals" });

test("a section .percpu becomes a per-CPU array with the section's bytes", () => {
  const maps = Object.values(spec.maps).filter(isPerCpuSection);
  assert.deepEqual(
    maps.map((map) => [map.name, map.kernelName, libbpfMapName(map)]),
    [
      [".percpu", ".percpu", ".percpu"],
      [".percpu.other", ".percpu.other", ".percpu.other"],
    ],
  );
  for (const map of maps) {
    assert.equal(map.type, BpfMapType.BPF_MAP_TYPE_PERCPU_ARRAY);
    assert.equal(map.flags, 0);
    assert.equal(map.maxEntries, 1);
    assert.equal(map.valueSize, map.contents?.length);
    assert.notEqual(map.valueTypeId, 0);
  }
});

test("its variables have their initial values, which can be set before the load", () => {
  const changed = parseObject(data, { name: "globals" });
  assert.equal(changed.variable("hits").value, 7n);
  assert.deepEqual(changed.variable("total").value, { runs: 1, sum: 0n });
  changed.variable("hits").value = 9n;
  assert.equal(changed.map(".percpu").contents?.[changed.variable("hits").offset], 9);
});

test("a skeleton gives access to the initial values", () => {
  const text = skeletonPieces(spec, "globals", data)
    .filter((piece) => typeof piece === "string")
    .join("");
  assert.match(text, /\tstruct globals__percpu \{\n\t\t__?u64 hits;|\tstruct globals__percpu \{\n\t\tu64 hits;/);
  assert.match(text, /\t\} \*percpu;/);
  assert.match(
    text,
    /\tmap->name = "\.percpu";\n\tmap->map = &obj->maps\.percpu;\n\tmap->mmaped = \(void \*\*\)&obj->percpu;/,
  );
  assert.match(text, /\tmap->name = "\.percpu\.other";\n\tmap->map = &obj->maps\.percpu_other;/);
  assert.match(text, /_Static_assert\(sizeof\(s->percpu->hits\) == 8/);
});
