import assert from "node:assert/strict";
import { test } from "node:test";
import { joinForms, nextWords, parseSyntax, readDefinitions } from "../../../src/cli/command/grammar.ts";

const definitions = readDefinitions([
  "PROG := { id PROG_ID | pinned FILE }",
  "DATA := { [hex] BYTES }",
  "METRIC := { cycles |",
  "            instructions }",
]);

/** What may follow the words, in one line. */
function next(form: string, words: string): string {
  const { keywords, values, complete } = nextWords(
    parseSyntax(form, definitions),
    words === "" ? [] : words.split(" "),
  );
  const names = values.map(({ name, within }) => (within === undefined ? name : `${within}.${name}`));
  return [...keywords, ...names, ...(complete ? ["."] : [])].join(" ");
}

test("what may follow some words of a form", () => {
  const cases: [form: string, words: string, expected: string][] = [
    ["xlated PROG [{ file FILE | [opcodes] [linum] }]", "", "xlated"],
    ["xlated PROG [{ file FILE | [opcodes] [linum] }]", "x", "id pinned"],
    ["xlated PROG [{ file FILE | [opcodes] [linum] }]", "x id", "PROG.PROG_ID"],
    ["xlated PROG [{ file FILE | [opcodes] [linum] }]", "x id 5", "file opcodes linum ."],
    ["xlated PROG [{ file FILE | [opcodes] [linum] }]", "x id 5 linum", "opcodes linum ."],
    ["xlated PROG [{ file FILE | [opcodes] [linum] }]", "x id 5 bogus", ""],
    ["key DATA [value DATA]", "key 1 0", "value DATA.BYTES ."],
    ["PROG METRICs", "id 5 cycles", "cycles instructions ."],
    ["dev <devname> [ overwrite | prepend ]", "dev", "devname"],
    ["PATTERN [file FILE]...", "x file y", "file ."],
    ["{ PROG | OBJ [map N] }", "", "id pinned OBJ"],
  ];
  for (const [form, words, expected] of cases) assert.equal(next(form, words), expected, `${form}: ${words}`);
});

test("an indented line continues a form, any other line is one more form", () => {
  assert.deepEqual(joinForms(["OBJ  PATH \\", "     [type TYPE]", "OTHER"]), ["OBJ PATH [type TYPE]", "OTHER"]);
  assert.throws(() => parseSyntax("a ]", definitions), /bracket too many/);
  assert.throws(() => parseSyntax("[ a", definitions), /lacks a '\]'/);
});
