import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { loadObject } from "../../src/load/index.ts";
import { openProgram } from "../../src/program/index.ts";

test("a program shows what it is", () => {
  using object = loadObject("test/bpf/run.bpf.o", { programs: ["length"] });
  const program = object.program("length");
  assert.match(inspect(program), /^Program \{ name: 'length', type: '\w+', sectionName: '[^']+', id: \d+ \}$/);
  const again = openProgram({ id: program.id });
  assert.match(inspect(again), /^Program \{ name: 'length', type: '\w+', id: \d+ \}$/);
  again.close();
  assert.match(inspect(again), /^Program \{ name: 'length', type: '\w+', closed: true \}$/);
});
