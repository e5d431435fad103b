import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { Btf, minimiseBtf } from "../../src/btf/index.ts";
import { kernelBtf } from "../../src/kernel/index.ts";
import { loadObject } from "../../src/load/index.ts";
import { readCoreObject } from "../../src/object/index.ts";

/** Loads an object of test/bpf and returns the tags of its programs. */
function tagsOf(path: string, btf?: Btf): Record<string, Uint8Array> {
  using object = loadObject(path, { kernelBtf: btf });
  return Object.fromEntries(Object.entries(object.programs).map(([name, program]) => [name, program.info().tag]));
}

describe("a minimised BTF of this kernel loads an object with the same tags", () => {
  for (const name of ["core-fields", "core-flavours", "core-bitfields", "counter"]) {
    test(name, () => {
      const path = `test/bpf/${name}.bpf.o`;
      const small = Btf.parse(minimiseBtf(kernelBtf(), [readCoreObject(readFileSync(path), path)]));
      assert.ok(small.endId < 200, `${small.endId} types`);
      assert.deepEqual(tagsOf(path, small), tagsOf(path));
    });
  }
});
