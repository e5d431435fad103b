// Machine code as text, against what LLVM 22 prints: test/golden/x86-64.txt has the forms of the kernel's JIT and many
// more, arm64.txt those of its arm64 JIT. Each line is the code in hexadecimal and the text, at a fixed address.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type JitedFunction, jitedJson, jitedLines, jitedRecords } from "../../../src/asm/index.ts";
import { parseHex } from "../../../src/layout/index.ts";
import { openDisassembler } from "../../../src/program/index.ts";

for (const [architecture, file, address] of [
  ["x64", "x86-64", 0xffffffff80000000n],
  ["arm64", "arm64", 0xffffffc008000000n],
] as const) {
  test(`${file} code is written as LLVM writes it`, async () => {
    const disassemble = await openDisassembler(architecture);
    const lines = readFileSync(`test/golden/${file}.txt`, "utf8").trimEnd().split("\n");
    assert.ok(lines.length > 150);
    for (const line of lines) {
      const [hex = "", ...text] = line.split("\t");
      const code = parseHex(hex) as Uint8Array;
      const [found] = disassemble(code, address);
      assert.equal(found?.text, text.join("\t"), hex);
      assert.equal(found.length, code.length, hex);
    }
  });
}

test("code of another machine is refused, bytes that are no instruction are skipped", async () => {
  await assert.rejects(openDisassembler("riscv64"), { code: "NOT_SUPPORTED" });
  const x86 = [...(await openDisassembler("x64"))(Uint8Array.of(0x06, 0xc3), 0n)];
  assert.deepEqual(x86, [
    { at: 0, length: 1, text: "(bad)" },
    { at: 1, length: 1, text: "retq" },
  ]);
  const arm64 = [...(await openDisassembler("arm64"))(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x1f, 0x20, 3, 0xd5), 0n)];
  assert.deepEqual(
    arm64.map(({ text }) => text),
    ["(bad)", "nop"],
  );
});

test("an instruction of x86 has at most 15 bytes, so that a row of prefixes is not read again from each of its bytes", async () => {
  const disassemble = await openDisassembler("x64");
  for (const prefixes of [14, 15, 1000]) {
    const [first, ...rest] = disassemble(new Uint8Array(prefixes + 1).fill(0x64, 0, prefixes).fill(0x90, prefixes), 0n);
    if (prefixes === 14) assert.deepEqual([first, ...rest], [{ at: 0, length: 15, text: "nop" }]);
    else assert.deepEqual(first, { at: 0, length: 1, text: "(bad)" });
    assert.equal(rest.at(-1)?.text ?? first?.text, "nop");
  }
});

/** `mark` of run.bpf.c as Linux 6.18 has it, the lines as in its line_info. */
const MARK: JitedFunction = {
  name: "bpf_prog_8f38073c19d6a03d_mark",
  proto: "int mark(struct __sk_buff * skb)",
  address: 0xffffffffc002ba24n,
  code: parseHex("0f1f4400000f1f00554889e5be7856341289773083c601b807000000c9e997a01dc2") as Uint8Array,
  lines: [
    { at: 0, source: "int mark(struct __sk_buff *skb) {", file: "./run.bpf.c", line: 25, column: 0 },
    { at: 0x11, source: "  skb->cb[0] = 0x12345678;", file: "./run.bpf.c", line: 27, column: 14 },
    { at: 0x17, source: "  return 7;", file: "./run.bpf.c", line: 28, column: 3 },
  ],
};

test("machine code is listed as bpftool lists it", async () => {
  const records = [...jitedRecords(MARK, await openDisassembler("x64"))];
  assert.equal(
    records.flatMap((record) => jitedLines(record)).join("\n"),
    [
      "; int mark(struct __sk_buff *skb) {",
      "   0:\tnopl\t(%rax,%rax)",
      "   5:\tnopl\t(%rax)",
      "   8:\tpushq\t%rbp",
      "   9:\tmovq\t%rsp, %rbp",
      "   c:\tmovl\t$305419896, %esi",
      "; skb->cb[0] = 0x12345678;",
      "  11:\tmovl\t%esi, 48(%rdi)",
      "  14:\taddl\t$1, %esi",
      "; return 7;",
      "  17:\tmovl\t$7, %eax",
      "  1c:\tleave",
      "  1d:\tjmp\t0xffffffff82205add",
    ].join("\n"),
  );
  const options = { opcodes: true, linum: true };
  assert.deepEqual(
    records.slice(5, 6).flatMap((record) => jitedLines(record, options)),
    [
      "; skb->cb[0] = 0x12345678; [file:./run.bpf.c line_num:27 line_col:14]",
      "  11:\tmovl\t%esi, 48(%rdi)",
      "\t89 77 30 ",
    ],
  );
  assert.deepEqual(jitedJson(records[0] as (typeof records)[0], options), {
    src: "int mark(struct __sk_buff *skb) {",
    file: "./run.bpf.c",
    line_num: 25,
    pc: "0x0",
    operation: "nopl",
    operands: ["%rax", "%rax"],
    opcodes: ["0x0f", "0x1f", "0x44", "0x00", "0x00"],
  });
  assert.deepEqual(jitedJson(records.find(({ text }) => text === "leave") as (typeof records)[0]).operands, [null]);
});
