import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type AssemblyItem,
  assemble,
  call,
  controlFlowGraph,
  type Edge,
  exit,
  type FlowFunction,
  gotol,
  gotox,
  ja,
  jeq,
  label,
  ldFunc,
  ldImm64,
  mayGoto,
  mov,
  r0,
  r1,
} from "../../src/asm/index.ts";
import { FormatError } from "../../src/errors/index.ts";

const arrow = (edge: Edge): string => ("block" in edge ? `${edge.kind} ${edge.block}` : edge.kind);

/** `function@start: block [start,end) -> edges` */
function drawn(functions: readonly FlowFunction[]): string[] {
  return functions.flatMap(({ index, start, blocks }) => [
    `f${index}@${start}`,
    ...blocks.map((block, i) => `${i} [${block.start},${block.end}) -> ${block.successors.map(arrow).join(", ")}`),
  ]);
}

const FORMS: readonly (readonly [string, readonly AssemblyItem[], readonly string[]])[] = [
  ["nothing", [], []],
  ["a straight line", [mov(r0, 0), exit()], ["f0@0", "0 [0,2) -> exit"]],
  [
    "a condition around an ld_imm64",
    [jeq(r1, 0, "out"), ldImm64(r0, 1n), label("out"), exit()],
    ["f0@0", "0 [0,1) -> next 1, jump 2", "1 [1,3) -> next 2", "2 [3,4) -> exit"],
  ],
  [
    "two exits",
    [jeq(r1, 0, "b"), exit(), label("b"), exit()],
    ["f0@0", "0 [0,1) -> next 1, jump 2", "1 [1,2) -> exit", "2 [2,3) -> exit"],
  ],
  [
    "a loop",
    [label("top"), mayGoto("out"), jeq(r1, 1, "top"), gotol("top"), label("out"), exit()],
    ["f0@0", "0 [0,1) -> next 1, jump 3", "1 [1,2) -> next 2, jump 0", "2 [2,3) -> jump 0", "3 [3,4) -> exit"],
  ],
  ["an indirect jump", [gotox(r1), mov(r0, 0), exit()], ["f0@0", "0 [0,1) -> indirect", "1 [1,3) -> exit"]],
  [
    "a goto over dead code",
    [ja(1), mov(r0, 0), exit()],
    ["f0@0", "0 [0,1) -> jump 2", "1 [1,2) -> next 2", "2 [2,3) -> exit"],
  ],
  [
    "functions in the order of their mention",
    [call("b"), ldFunc(r1, "a"), exit(), label("a"), exit(), label("b"), call("a"), exit()],
    ["f0@0", "0 [0,4) -> exit", "f2@4", "0 [4,5) -> exit", "f1@5", "0 [5,7) -> exit"],
  ],
  ["a function without an end", [call(1)], ["f0@0", "0 [0,1) -> exit"]],
];
for (const [name, items, expected] of FORMS) {
  test(name, () => assert.deepEqual(drawn(controlFlowGraph(assemble(items), { loaded: false })), expected));
}

test("a loaded program's calls hold their distance in off", () => {
  const bytes = assemble([{ ...call(1), src: 1, off: 1 } as AssemblyItem, exit(), mov(r0, 0), exit()]);
  assert.deepEqual(drawn(controlFlowGraph(bytes)), ["f0@0", "0 [0,2) -> exit", "f1@2", "0 [2,4) -> exit"]);
});

const HOSTILE: readonly (readonly [string, readonly AssemblyItem[], number])[] = [
  ["a jump behind the end", [exit(), ja(0)], 8],
  ["a jump before the start", [ja(-2)], 0],
  ["a jump into an ld_imm64", [ja(1), ldImm64(r0, 1n), exit()], 0],
  ["a jump into another function", [call("f"), ja("f"), label("f"), exit()], 8],
  ["a call behind the end", [{ ...call(9), src: 1 } as AssemblyItem, exit()], 0],
];
for (const [name, items, offset] of HOSTILE) {
  test(`refuses ${name}`, () => {
    assert.throws(
      () => controlFlowGraph(assemble(items), { loaded: false }),
      (error) => error instanceof FormatError && error.offset === offset,
    );
  });
}

test("blocks tile any program that has a graph, and edges stay inside", () => {
  const jumpy = fc.constantFrom(0x05, 0x15, 0x95, 0x85, 0xb7, 0x06);
  const slot = fc
    .tuple(jumpy, fc.integer({ min: -4, max: 4 }))
    .map(([op, off]) => [op, 0, off & 0xff, (off >> 8) & 0xff]);
  fc.assert(
    fc.property(fc.array(slot, { maxLength: 12 }), (slots) => {
      const bytes = Uint8Array.from(slots.flatMap((head) => [...head, 0, 0, 0, 0]));
      let functions: FlowFunction[];
      try {
        functions = controlFlowGraph(bytes);
      } catch (error) {
        assert.ok(error instanceof FormatError);
        return;
      }
      const blocks = functions.flatMap((f) => f.blocks);
      assert.equal(blocks[0]?.start ?? 0, 0);
      for (const [i, block] of blocks.entries()) assert.equal(block.end, blocks[i + 1]?.start ?? slots.length);
      for (const f of functions) {
        for (const edge of f.blocks.flatMap((block) => block.successors)) {
          if ("block" in edge) assert.ok(f.blocks[edge.block] !== undefined);
        }
      }
    }),
    { numRuns: 2000 },
  );
});
