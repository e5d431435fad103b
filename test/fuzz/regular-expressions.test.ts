import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { backtracking, type Literal, literalsOf } from "./regular-expressions.ts";

const SOURCES = "src";

test("no regular expression of the sources takes more than linear time", () => {
  const faults: string[] = [];
  let count = 0;
  for (const name of readdirSync(SOURCES, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".ts")) continue;
    const text = readFileSync(join(SOURCES, name), "utf8");
    if (/new RegExp\(/.test(text)) faults.push(`${name}: a pattern that is made of a text: use namePattern()`);
    for (const literal of literalsOf(text)) {
      count++;
      const why = backtracking(literal);
      if (why !== undefined) faults.push(`${name}:${literal.line}: /${literal.source}/${literal.flags}: ${why}`);
    }
  }
  assert.ok(count > 50, `only ${count} were found`);
  assert.deepEqual(faults, []);
});

test("regular expressions that backtrack are told from those that do not", () => {
  const backtrack = [
    "^(a+)+$",
    "^(a*)*b",
    "^(a|a)*$",
    "^(a|ab|b)*c",
    "^(.*)___.*$",
    "^\\s*(.*)$",
    "\\s+$",
    "/+$",
    "___(?:.*)x",
    "[a-z]\\w*_el\\d",
    "^.*-.*-.*x",
    "^(\\d+)(\\d+):",
    " +(?=x)",
    "(?<name>\\w+) type",
  ];
  const linear = [
    "^(\\d+)(?:-(\\d+))?$",
    "\\s+",
    "[ \\t,()]+",
    "^\\s*0\\s+0\\s+4294967295\\s*$",
    "^(\\w[\\w ]*):$",
    "\\[(\\w+)\\]",
    "^([^:]+):(.+)$",
    "^(?<name>R\\d+) type=(?<type>\\w+) ",
    "^config:(\\d+)",
    "\\p{Cc}",
    "[^\\P{Cc}\\t]|[\\udc80-\\u{dcff}]",
    "^[^/\\s]{1,15}$",
    "_([a-z0-9])",
    ";$",
  ];
  const literal = (source: string): Literal => ({ line: 1, source, flags: "" });
  for (const source of backtrack) assert.notEqual(backtracking(literal(source)), undefined, source);
  for (const source of linear) assert.equal(backtracking(literal(source)), undefined, source);
  const text = '"(?:[^"\\\\]|\\\\.)*"';
  assert.notEqual(backtracking(literal(text)), undefined);
  assert.equal(backtracking({ ...literal(text), flags: "y" }), undefined);
  assert.throws(() => backtracking(literal("(?<!a)b")), /teach it/);
});

test("regular expressions are found in sources, and nothing else", () => {
  const text = [
    "const a = b / c / d; // /no/",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the source that is searched has a template.
    'const s = "/no/" + \'/no/\' + `/no/ ${x.replace(/one/g, "`")} ${`${/two[/]/.source}`}`;',
    "/* /no/ */ if (/three\\//.test(s)) return /four/;",
  ].join("\n");
  assert.deepEqual(
    literalsOf(text).map(({ line, source, flags }) => `${line} ${source} ${flags}`),
    ["2 one g", "2 two[/] ", "3 three\\/ ", "3 four "],
  );
});
