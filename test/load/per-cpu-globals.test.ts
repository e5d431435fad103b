import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kernelHas } from "../../src/kernel/index.ts";
import { loadObject, readObject } from "../../src/load/index.ts";
import { possibleCpus } from "../../src/sys/index.ts";
import { needs } from "../support/feature.ts";

const OBJECT = "test/bpf/per-cpu-globals.bpf.o";

describe("global variables with a value for each CPU", () => {
  for (const useLoader of [false, true]) {
    test(`the initial values reach every CPU, ${useLoader ? "by a loader program" : "loaded directly"}`, (t) => {
      if (!needs(t, "map:percpu_data")) return;
      const spec = readObject(OBJECT);
      spec.variable("hits").value = 40n;
      using object = loadObject(spec, { useLoader });
      const place = spec.variable("hits").offset;
      const values = object.map<number, Uint8Array[]>(".percpu").get(0) ?? [];
      assert.equal(values.length, possibleCpus());
      for (const value of values) assert.equal(value[place], 40);
      assert.equal(object.program("count").run({ dataIn: new Uint8Array(14) }).retval, 41);
    });
  }

  test("a kernel without them loads the programs that do not use them", (t) => {
    if (kernelHas("map:percpu_data")) return t.skip("this kernel has them");
    const spec = readObject(OBJECT);
    spec.program("count").autoload = false;
    using object = loadObject(spec);
    assert.equal(object.maps[".percpu"], undefined);
    assert.equal(object.program("untouched").run({ dataIn: new Uint8Array(14) }).retval, 5);
  });

  test("a kernel without them refuses the programs that use them, with the reason", (t) => {
    if (kernelHas("map:percpu_data")) return t.skip("this kernel has them");
    assert.throws(() => loadObject(OBJECT), /map \.percpu was not created/);
  });
});
