import assert from "node:assert/strict";
import { test } from "node:test";
import {
  assemble,
  call,
  callKfunc,
  exit,
  type Instruction,
  ldFunc,
  ldImm64,
  ldMapFd,
  ldMapIdx,
  ldMapIdxValue,
  ldMapValue,
  mov,
  noSymbols,
  r0,
  r1,
  type SourceLine,
  symbolNeeds,
  xlatedJson,
  xlatedLines,
  xlatedNames,
  xlatedRecords,
} from "../../src/asm/index.ts";
import { FormatError } from "../../src/errors/index.ts";

const BASE = 0xffffffff8130_0000n;
const subprogram = (index: number, off: number): Instruction => ({ ...call(index), src: 1, off });
const helper = call(12_345);

const instructions = assemble([
  ldMapFd(r1, 7),
  ldMapValue(r1, 8, 24),
  ldMapIdx(r1, 1),
  ldMapIdxValue(r1, 2, 4),
  ldFunc(r1, 3),
  ldImm64(r1, -1n),
  helper,
  callKfunc(-77),
  subprogram(1, 2),
  subprogram(2, 1),
  exit(),
  mov(r0, 0),
  exit(),
]);

const lines: readonly SourceLine[] = [
  { slot: 0, source: "\t  if (x < 1)", file: "/src/a.c", line: 10, column: 3 },
  { slot: 12, source: "", file: undefined, line: 0, column: 0 },
  { slot: 17, source: undefined, file: "/src/b.c", line: 12, column: 0 },
];
const functions = [
  { slot: 0, proto: "int main(void * ctx)" },
  { slot: 17, proto: "" },
];

function names() {
  const symbols = new Map([
    [BASE + 12_345n, "bpf_get_hash"],
    [0xffffffffc000_1000n, "bpf_prog_1_f"],
  ]);
  return xlatedNames([0n, 0xffffffffc000_1000n, 0xffffffffc000_2000n], () => ({
    callBase: BASE,
    nameOf: (address) => symbols.get(address),
  }));
}

test("plain lines", () => {
  const records = [...xlatedRecords({ instructions, functions, lines }, names())];
  assert.deepEqual(
    records.flatMap((record) => xlatedLines(record)),
    [
      "int main(void * ctx):",
      "; if (x < 1)",
      "   0: (18) r1 = map[id:7]",
      "   2: (18) r1 = map[id:8][0]+24",
      "   4: (18) r1 = 0x1",
      "   6: (18) r1 = map[idx:2]+4",
      "   8: (18) r1 = subprog[+3]",
      "  10: (18) r1 = 0xffffffffffffffff",
      "; ",
      "  12: (85) call bpf_get_hash#12345",
      "  13: (85) call 0xffffffff812fffb3#-77",
      "  14: (85) call pc+2#bpf_prog_1_f",
      "  15: (85) call pc+1#0xffffffffc0002000",
      "  16: (95) exit",
      "  17: (b7) r0 = 0",
      "  18: (95) exit",
    ],
  );
  assert.deepEqual(xlatedLines(records[0] as never, { linum: true, opcodes: true }), [
    "int main(void * ctx):",
    "; if (x < 1) [file:/src/a.c line_num:10 line_col:3]",
    "   0: (18) r1 = map[id:7]",
    "       18 11 00 00 07 00 00 00 00 00 00 00 00 00 00 00",
  ]);
  assert.deepEqual(xlatedLines(records[6] as never, { linum: true, opcodes: true }), [
    ";  [file: line_num:0 line_col:0]",
    "  12: (85) call bpf_get_hash#12345",
    "       85 00 00 00 39 30 00 00",
  ]);
});

test("JSON records", () => {
  const records = [...xlatedRecords({ instructions, functions, lines }, names())];
  const json = records.map((record) => JSON.stringify(xlatedJson(record, { linum: true, opcodes: true })));
  assert.equal(
    json[1],
    '{"disasm":"(18) r1 = map[id:8][0]+24","opcodes":{"code":"0x18","src_reg":"0x2","dst_reg":"0x1","off":["0x00","0x00"],' +
      '"imm":["0x08","0x00","0x00","0x00","0x00","0x00","0x00","0x00","0x18","0x00","0x00","0x00"]}}',
  );
  assert.equal(
    json[0]?.slice(0, json[0].indexOf(" r1")),
    '{"proto":"int main(void * ctx)","src":"if (x < 1)","file":"/src/a.c","line_num":10,"line_col":3,"disasm":"(18)',
  );
  assert.equal(
    json[6],
    '{"src":"","disasm":"(85) call bpf_get_hash#12345","opcodes":{"code":"0x85","src_reg":"0x0","dst_reg":"0x0",' +
      '"off":["0x00","0x00"],"imm":["0x39","0x30","0x00","0x00"]}}',
  );
  const [last] = records.slice(-2);
  assert.deepEqual(xlatedJson(last as never), { disasm: "(b7) r0 = 0" });
  assert.deepEqual(xlatedJson(last as never, { linum: true }), {
    file: "/src/b.c",
    line_num: 12,
    disasm: "(b7) r0 = 0",
  });
});

test("symbols are asked for once, and only where a name needs them", () => {
  let asked = 0;
  const count = (): typeof noSymbols => {
    asked++;
    return noSymbols;
  };
  const plain = assemble([ldMapFd(r1, 1), call(1), subprogram(0, 5), exit()]);
  assert.deepEqual(
    [...xlatedRecords({ instructions: plain }, xlatedNames([], count))].map((record) => record.text),
    ["(18) r1 = map[id:1]", "(85) call bpf_map_lookup_elem#1", "(85) call pc+5", "(95) exit"],
  );
  assert.equal(asked, 0);
  assert.deepEqual(symbolNeeds(plain, []), { callOffsets: [], addresses: [] });
  const texts = [...xlatedRecords({ instructions }, xlatedNames([0n, 0n, 0n], count))].map((record) => record.text);
  assert.equal(asked, 1);
  assert.ok(texts.includes("(85) call 0xffffffffffffffb3#-77") && texts.includes("(85) call pc+2#0x0"));
});

test("the symbols needed are known beforehand", () => {
  assert.deepEqual(symbolNeeds(instructions, [0n, 1n, 2n]), { callOffsets: [12_345, -77], addresses: [1n, 2n] });
  assert.deepEqual(symbolNeeds(instructions, []), { callOffsets: [12_345, -77], addresses: [] });
});

test("several lines within one instruction show as bpftool's search finds them", () => {
  const at = (slot: number, line: number): SourceLine => ({ slot, source: `${line}`, file: "", line, column: 0 });
  const program = { instructions: assemble([mov(r0, 0), mov(r0, 1), mov(r0, 2), exit()]) };
  const shown = (list: readonly SourceLine[]) =>
    [...xlatedRecords({ ...program, lines: list })].map((record) => record.line?.line);
  assert.deepEqual(shown([at(0, 1), at(2, 2)]), [1, undefined, 2, undefined]);
  assert.deepEqual(shown([at(0, 1), at(0, 2), at(3, 3)]), [2, 2, undefined, 3]);
  assert.deepEqual(shown([at(1, 1), at(9, 2)]), [undefined, 1, undefined, undefined]);
});

test("big endian programs print alike", () => {
  const big = assemble([ldMapValue(r1, 8, 24), exit()], false);
  assert.deepEqual(
    [...xlatedRecords({ instructions: big, little: false }, names())].map((record) => record.text),
    ["(18) r1 = map[id:8][0]+24", "(95) exit"],
  );
});

test("every prefix gives records or a FormatError with its place", () => {
  for (let length = 0; length < instructions.length; length++) {
    const program = { instructions: instructions.subarray(0, length), functions, lines };
    for (const run of [() => [...xlatedRecords(program, names())], () => symbolNeeds(program.instructions, [])]) {
      try {
        run();
      } catch (error) {
        assert.ok(error instanceof FormatError && error.offset !== undefined && error.offset <= length);
      }
    }
  }
});
