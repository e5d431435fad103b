import assert from "node:assert/strict";
import { test } from "node:test";
import { formatSignature } from "../../src/btf/index.ts";
import { contextArguments, nameContexts } from "../../src/load/context-arguments.ts";
import { readObject } from "../../src/load/index.ts";

test("each program that calls a function with a tagged argument gets a type of the function with its own context", () => {
  const spec = readObject("test/bpf/global-arguments.bpf.o");
  const { btf, programs } = spec;
  assert.ok(btf !== undefined);
  const tagged = contextArguments(btf);
  assert.deepEqual(
    tagged.map(({ func, index }) => [btf.name(func), index]),
    [["of_context", 0]],
  );
  const named = nameContexts(btf, Object.values(programs), tagged);
  // A tp_btf program has no named context: nothing can be done, and nothing is.
  assert.deepEqual([...named.functions.keys()], [programs.sampled]);
  const functions = named.functions.get(programs.sampled as never) ?? [];
  assert.deepEqual(
    functions.map(({ name, slot }) => [name, slot]),
    programs.sampled?.functions.map(({ name, slot }) => [name, slot]),
  );
  const fitted = functions.find(({ name }) => name === "of_context");
  assert.ok(fitted !== undefined && fitted.typeId >= btf.endId);
  assert.equal(formatSignature(named.btf, fitted.typeId), "int of_context(struct bpf_perf_event_data * context)");
  assert.ok(contextArguments(named.btf).some(({ func }) => func === fitted.typeId));
  for (const id of btf.ids()) assert.deepEqual(named.btf.type(id), btf.type(id));
});

test("an object without such arguments keeps its BTF", () => {
  const { btf, programs } = readObject("test/bpf/counter.bpf.o");
  assert.ok(btf !== undefined);
  assert.deepEqual(contextArguments(btf), []);
  assert.equal(nameContexts(btf, Object.values(programs), []).btf, btf);
});
