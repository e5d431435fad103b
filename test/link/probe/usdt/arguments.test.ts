import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../../../../src/errors/index.ts";
import { parseUsdtArguments, type UsdtArgument } from "../../../../src/link/probe/usdt/arguments.ts";
import { encodeUsdtSpec } from "../../../../src/link/probe/usdt/spec.ts";

const known: readonly [arch: string, text: string, expected: readonly UsdtArgument[]][] = [
  ["x64", "", []],
  ["x64", "8@%rax", [{ size: 8, signed: false, kind: "register", register: 80 }]],
  [
    "x64",
    "-4@%edi 1@%spl",
    [
      { size: 4, signed: true, kind: "register", register: 112 },
      { size: 1, signed: false, kind: "register", register: 152 },
    ],
  ],
  ["x64", "-4@-1204(%rbp)", [{ size: 4, signed: true, kind: "memory", register: 32, offset: -1204n }]],
  ["x64", "8@(%rsp)", [{ size: 8, signed: false, kind: "memory", register: 152, offset: 0n }]],
  [
    "x64",
    "-4@$-9 4@$71",
    [
      { size: 4, signed: true, kind: "constant", value: -9n },
      { size: 4, signed: false, kind: "constant", value: 71n },
    ],
  ],
  [
    "x64",
    "1@-96(%rbp,%rax,8)",
    [{ size: 1, signed: false, kind: "indexed", register: 32, index: 80, scale: 8, offset: -96n }],
  ],
  [
    "x64",
    "1@(%rbp,%rax)",
    [{ size: 1, signed: false, kind: "indexed", register: 32, index: 80, scale: 1, offset: 0n }],
  ],
  [
    "x64",
    " 8 @ %r10  2@%r15w ",
    [
      { size: 8, signed: false, kind: "register", register: 56 },
      { size: 2, signed: false, kind: "register", register: 0 },
    ],
  ],
  [
    "arm64",
    "-4@[sp, 96] 8@[x3]",
    [
      { size: 4, signed: true, kind: "memory", register: 248, offset: 96n },
      { size: 8, signed: false, kind: "memory", register: 24, offset: 0n },
    ],
  ],
  [
    "arm64",
    "4@5 -8@x30",
    [
      { size: 4, signed: false, kind: "constant", value: 5n },
      { size: 8, signed: true, kind: "register", register: 240 },
    ],
  ],
  [
    "riscv64",
    "-8@-88(s0) 4@5 8@a1",
    [
      { size: 8, signed: true, kind: "memory", register: 64, offset: -88n },
      { size: 4, signed: false, kind: "constant", value: 5n },
      { size: 8, signed: false, kind: "register", register: 88 },
    ],
  ],
];

for (const [arch, text, expected] of known) {
  test(`USDT arguments of ${arch}: "${text}"`, () => assert.deepEqual(parseUsdtArguments(text, arch), expected));
}

test("USDT arguments of no known form are refused", () => {
  const bad: readonly [arch: string, text: string][] = [
    ["x64", "8@%nope"],
    ["x64", "3@%rax"],
    ["x64", "8@%xmm0"],
    ["x64", "8"],
    ["x64", "8@%raxtra"],
    ["x64", "8@symbol(%rip)"],
    ["x64", "1@(%rbp,%rax,3)"],
    ["x64", Array(13).fill("8@%rax").join(" ")],
    ["arm64", "8@x31"],
    ["riscv64", "8@zero"],
    ["mips", "8@$4"],
  ];
  for (const [arch, text] of bad) assert.throws(() => parseUsdtArguments(text, arch), UsageError, text);
});

test("a spec has the layout of the libbpf whose header the object was built with", () => {
  const args: readonly UsdtArgument[] = [
    { size: 4, signed: true, kind: "memory", register: 0x1122, offset: -2n },
    { size: 8, signed: false, kind: "constant", value: 7n },
  ];
  const indexed: UsdtArgument = {
    size: 2,
    signed: true,
    kind: "indexed",
    register: 8,
    index: 0xab,
    scale: 4,
    offset: 1n,
  };
  const hex = (bytes: Uint8Array, start: number, end: number): string => Buffer.from(bytes).toString("hex", start, end);
  const old = encodeUsdtSpec(args, 77n, 208);
  assert.equal(
    hex(old, 0, 32),
    "feffffffffffffff" + "02000000" + "2211" + "01" + "20" + "0700000000000000" + "0000000000000000",
  );
  assert.equal(hex(old, 192, 208), "4d00000000000000" + "0200000000000000");
  const now = encodeUsdtSpec([...args, indexed], 77n, 304);
  assert.equal(hex(now, 0, 24), "feffffffffffffff" + "0200" + "0000" + "0000" + "2211" + "01" + "20" + "000000000000");
  assert.equal(hex(now, 48, 72), "0100000000000000" + "0300" + "ab20" + "0000" + "0800" + "01" + "30" + "000000000000");
  assert.equal(hex(now, 288, 304), "4d00000000000000" + "0300000000000000");
  assert.throws(() => encodeUsdtSpec([indexed], 0n, 208), /build the object with libbpf 1\.7 or newer/);
  assert.throws(() => encodeUsdtSpec(args, 0n, 100), /values of 100 bytes/);
});
