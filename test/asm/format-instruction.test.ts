import assert from "node:assert/strict";
import { test } from "node:test";
import { formatInstruction, type Instruction } from "../../src/asm/index.ts";

const base: Instruction = { op: 0, dst: 1, src: 2, off: 3, imm: 4 };

// Checked against kernel/bpf/disasm.c compiled into a program of its own, for every opcode byte.
const ODD: readonly (readonly [string, Partial<Instruction>])[] = [
  ["BUG_ld_00", { op: 0x00 }],
  ["BUG_ld_98", { op: 0x98 }],
  ["BUG_ldx_21", { op: 0x21 }],
  ["BUG_st_22", { op: 0x22 }],
  ["BUG_a3", { op: 0xa3 }],
  ["BUG_c3", { op: 0xc3, imm: 0x10 }],
  ["BUG_c3", { op: 0xc3, imm: 0x101 }],
  ["BUG_c3", { op: 0xc3, imm: -1 }],
  ["(c2) nospec", { op: 0xc2 }],
  ["(bf) r1 = &(void __percpu *)(r2)", { op: 0xbf, off: -1 }],
  ["(bc) w1 = w2", { op: 0xbc, off: 1 }],
  ["(bf) r1 = r2", { op: 0xbf, off: 24 }],
  ["(b7) r1 = 4", { op: 0xb7, off: 8 }],
  ["(0f) r1 += r2", { op: 0x0f, off: 1 }],
  ["(ef) r1 (null) r2", { op: 0xef }],
  ["(fe) if w1 (null) w2 goto pc+3", { op: 0xfe }],
  ["(e5) if r1 (null) 0x4 goto pc+3", { op: 0xe5, src: 1 }],
  ["(0e) if w1 jmp w2 goto pc+3", { op: 0x0e }],
  ["(9d) if r1 exit r2 goto pc+3", { op: 0x9d }],
  ["(86) call bpf_probe_read#4", { op: 0x86, src: 0 }],
  ["(85) call pc-4", { op: 0x85, src: 1, imm: -4 }],
  ["(85) call unknown#4", { op: 0x85, src: 7 }],
  ["(85) call unknown#-1", { op: 0x85, src: 0, imm: -1 }],
];
for (const [text, fields] of ODD) {
  test(text, () => assert.equal(formatInstruction({ ...base, ...fields }), text));
}

test("names come from the resolver, with the slot", () => {
  const asked: unknown[] = [];
  const names = {
    callName: (instruction: Instruction, slot: number) => {
      asked.push(["call", instruction.imm, slot]);
      return "probe";
    },
    immName: (_: Instruction, value: bigint, slot: number) => {
      asked.push(["imm", value, slot]);
      return undefined;
    },
  };
  const call = { op: 0x85, dst: 0, src: 0, off: 0, imm: 5000 };
  assert.equal(formatInstruction(call, names, 3), "(85) call probe#5000");
  assert.equal(formatInstruction({ ...call, src: 1 }, names, 4), "(85) call pcprobe");
  assert.equal(formatInstruction({ ...call, imm: 1 }, names, 5), "(85) call bpf_map_lookup_elem#1");
  assert.equal(formatInstruction({ ...call, op: 0x18, imm: 7, imm64: 7n }, names, 6), "(18) r0 = 0x7");
  assert.deepEqual(asked, [
    ["call", 5000, 3],
    ["call", 5000, 4],
    ["imm", 7n, 6],
  ]);
});
