import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type AssemblyItem,
  assemble,
  call,
  decodeInstructions,
  exit,
  formatInstruction,
  gotol,
  ja,
  jeq,
  jlt,
  label,
  labelSlots,
  ldFunc,
  ldImm64,
  mayGoto,
  mov,
  r0,
  r1,
  r2,
  sub,
} from "../../src/asm/index.ts";
import { UsageError } from "../../src/errors/index.ts";

function text(items: readonly AssemblyItem[]): string[] {
  return decodeInstructions(assemble(items)).map((instruction) => formatInstruction(instruction));
}

test("jumps forward and back over instructions of two slots", () => {
  const items = [
    label("again"),
    ldImm64(r2, 1n),
    sub(r1, r2),
    jeq(r1, 0, "out"),
    ldImm64(r2, 2n),
    mayGoto("out"),
    ja("again"),
    label("out"),
    exit(),
  ];
  assert.deepEqual(text(items), [
    "(18) r2 = 0x1",
    "(1f) r1 -= r2",
    "(15) if r1 == 0x0 goto pc+4",
    "(18) r2 = 0x2",
    "(e5) may_goto pc+1",
    "(05) goto pc-8",
    "(95) exit",
  ]);
});

test("calls subprograms and takes their address", () => {
  const items = [call("f"), ldFunc(r1, "f"), ldFunc(r2, "main"), exit(), label("f"), mov(r0, 0), exit()];
  items.unshift(label("main"));
  assert.deepEqual(text(items), [
    "(85) call pc+5",
    "(18) r1 = 0x4",
    "(18) r2 = 0xfffffffc",
    "(95) exit",
    "(b7) r0 = 0",
    "(95) exit",
  ]);
  assert.deepEqual(
    labelSlots(items),
    new Map([
      ["main", 0],
      ["f", 6],
    ]),
  );
});

test("big endian swaps the register nibbles", () => {
  assert.deepEqual([...assemble([jeq(r1, r2, 258)], false)], [0x1d, 0x12, 1, 2, 0, 0, 0, 0]);
});

test("an empty program is empty", () => {
  assert.equal(assemble([]).length, 0);
});

const filler = (slots: number): AssemblyItem[] => Array.from({ length: slots }, () => mov(r0, 0));

test("a jump reaches 32767 slots forward and 32768 back", () => {
  assert.equal(assemble([ja("out"), ...filler(32767), label("out"), exit()]).length, 8 * 32769);
  assert.equal(assemble([label("top"), ...filler(32767), ja("top")]).length, 8 * 32768);
});

const REFUSED: readonly (readonly [string, readonly AssemblyItem[], RegExp])[] = [
  [
    "an unknown label",
    [ja("nowhere")],
    /the instruction in slot 0 refers to the label "nowhere", which is not defined/,
  ],
  ["a label set twice", [label("a"), exit(), label("a")], /the label "a" is defined twice/],
  ["a goto too far", [ja("out"), ...filler(32768), label("out"), exit()], /is 32768 slots long, .* use gotol\("out"\)/],
  ["a jump too far", [jlt(r1, 1, "out"), ...filler(40000), label("out")], /opposite condition over a gotol\("out"\)/],
  ["a jump too far back", [label("top"), ...filler(32768), ja("top")], /is -32769 slots long/],
];

for (const [name, items, message] of REFUSED) {
  test(`refuses ${name}`, () => {
    assert.throws(
      () => assemble(items),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  });
}

test("gotol goes where a goto cannot", () => {
  const bytes = assemble([gotol("out"), ...filler(40000), label("out"), exit()]);
  assert.equal(formatInstruction(decodeInstructions(bytes)[0] as never), "(06) gotol pc+40000");
});
