import assert from "node:assert/strict";
import { test } from "node:test";
import { type Column, formatTable, tableAnswer } from "../../../src/cli/output/table.ts";
import { parseOptions } from "../../../src/cli/words/options.ts";

interface Row {
  readonly id: number;
  readonly name?: string;
  readonly size?: bigint;
  readonly maps?: readonly number[];
}

const COLUMNS: readonly Column<Row>[] = [
  { name: "id", cell: ({ id }) => id },
  { name: "name", cell: ({ name }) => name },
  { name: "size", cell: ({ size }) => size },
  { name: "maps", cell: ({ maps }) => maps },
  { name: "extra", cell: () => true, isExtra: true },
];
const ROWS: readonly Row[] = [{ id: 7, name: "b", size: 10n }, { id: 10, name: "a\u001b[2J", size: 9n }, { id: 8 }];

function shown(...words: string[]): string[] {
  const pieces = [...tableAnswer(ROWS, COLUMNS, parseOptions(words).options).text()];
  assert.ok(pieces.every((piece) => typeof piece !== "string"));
  return Buffer.concat(pieces as Uint8Array[])
    .toString()
    .split("\n");
}

function idsOf(...words: string[]): string[] {
  return shown("--columns", "id", ...words)
    .slice(1, -1)
    .map((line) => line.trim());
}

test("a table is aligned, leaves out empty columns, and escapes control characters", () => {
  assert.deepEqual(shown("--table"), [
    "ID  NAME        SIZE",
    " 7  b             10",
    "10  a\\u001b[2J     9",
    " 8  -              -",
    "",
  ]);
});

test("columns are chosen and sorted by their names; empty cells come last", () => {
  assert.deepEqual(shown("--columns", "extra, ID,maps"), [
    "EXTRA  ID  MAPS",
    "yes     7  -",
    "yes    10  -",
    "yes     8  -",
    "",
  ]);
  assert.deepEqual(idsOf("--sort", "id"), ["7", "8", "10"]);
  assert.deepEqual(idsOf("--sort", "-id"), ["10", "8", "7"]);
  assert.deepEqual(idsOf("--sort", "name"), ["10", "7", "8"]);
  assert.deepEqual(idsOf("--sort=-size"), ["7", "10", "8"]);
  assert.throws(() => shown("--columns", "nmae"), /there is no column 'nmae'; the columns are id, name, size, maps/);
  assert.throws(() => shown("--sort", "-x"), /there is no column 'x'/);
});

test("JSON has the same columns", () => {
  const { options } = parseOptions(["--columns", "id,size,extra", "--sort", "id"]);
  assert.deepEqual(tableAnswer(ROWS, COLUMNS, options).json(), [
    { id: 7, size: 10n, extra: true },
    { id: 8, size: null, extra: true },
    { id: 10, size: 9n, extra: true },
  ]);
});

test("on a terminal the table has colours, and its lines are no longer than the terminal is wide", () => {
  const rows = [
    [1, "long text", 5],
    [22, undefined, 5],
  ];
  const style = { isColoured: true, width: undefined };
  assert.deepEqual(formatTable(["id", "text", "n"], rows, style), [
    "\u001b[1mID\u001b[0m  \u001b[1mTEXT     \u001b[0m  \u001b[1mN\u001b[0m",
    "\u001b[36m 1\u001b[0m  long text  5",
    "\u001b[36m22\u001b[0m  \u001b[2m-        \u001b[0m  5",
  ]);
  for (let width = 1; width < 20; width++) {
    for (const line of formatTable(["id", "text", "n"], rows, { isColoured: false, width })) {
      assert.ok(line.length <= width, `${width}: ${line}`);
    }
  }
  assert.deepEqual(formatTable(["id", "text"], [[1, "long text"]], { isColoured: false, width: 9 }), [
    "ID  TEXT",
    " 1  long…",
  ]);
});
