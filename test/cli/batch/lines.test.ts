import assert from "node:assert/strict";
import { test } from "node:test";
import { type BatchLine, readBatchLines } from "../../../src/cli/batch/lines.ts";

function read(text: string): BatchLine[] {
  return [...readBatchLines([text])];
}

test("comments, continuations and quotes", () => {
  assert.deepEqual(read("prog show\n# no command\n\n  map   show # maps\nlink show"), [
    { line: 1, words: ["prog", "show"] },
    { line: 4, words: ["map", "show"] },
    { line: 5, words: ["link", "show"] },
  ]);
  assert.deepEqual(read("prog \\\n  show \\\n id 1\nx\n"), [
    { line: 1, words: ["prog", "show", "id", "1"] },
    { line: 4, words: ["x"] },
  ]);
  assert.deepEqual(read(`a 'b c' "d 'e"f g'h i'\t''\r\n`), [
    { line: 1, words: ["a", "b c", "d 'e", "f", "g'h", "i'", ""] },
  ]);
  // A comment begins inside quotes, too, and takes a backslash away.
  assert.throws(() => read("a 'b # c'\n"), { message: "unterminated quoted string in command 0" });
  assert.deepEqual(read("a # \\\nb\n"), [
    { line: 1, words: ["a"] },
    { line: 2, words: ["b"] },
  ]);
});

test("pieces of any size give the same commands", () => {
  const text = "prog show\nmap \\\nshow # ä\n'q r'\n";
  const whole = read(text);
  for (let size = 1; size <= text.length; size++) {
    const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
      text.slice(i * size, (i + 1) * size),
    );
    assert.deepEqual([...readBatchLines(pieces)], whole, `${size}`);
  }
});

test("bad files have bpftool's messages, with the number of the commands before", () => {
  assert.throws(() => read("x\ny 'z\n"), { message: "unterminated quoted string in command 1" });
  assert.throws(() => read("x\ny \\\n"), { message: "missing continuation line on command 1" });
  assert.throws(() => read(`${"x ".repeat(4096)}\n`), { message: "too many arguments to command 0" });
  assert.throws(() => read(`${"x".repeat(65536)}\n`), { message: "reading batch file failed: Argument list too long" });
  assert.throws(() => read(`x \\\n${"x".repeat(65536)}\n`), { message: "command 0 is too long" });
  assert.equal(read(`# ${"x".repeat(100_000)}\ny\n`).length, 1, "a long comment is no command");
});
