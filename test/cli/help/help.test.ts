import assert from "node:assert/strict";
import { test } from "node:test";
import { codeOf } from "../../../src/cli/command/command.ts";
import { joinForms, nextWords, parseSyntax, readDefinitions } from "../../../src/cli/command/grammar.ts";
import { COMMANDS } from "../../../src/cli/entry/command-table.ts";
import { dispatch } from "../../../src/cli/entry/dispatch.ts";
import { SHARED_WORDS } from "../../../src/cli/help/shared-words.ts";
import { usedWords } from "../../../src/cli/help/topic.ts";
import { parseOptions } from "../../../src/cli/words/options.ts";
import { select } from "../../../src/cli/words/words.ts";
import { bpfts } from "../run.ts";

/** The commands that bpfts has, without aliases and `help`. */
const entries = COMMANDS.flatMap((object) =>
  (object.commands ?? [])
    .filter((entry) => codeOf(entry, object.commands ?? []) !== undefined && entry.as === undefined && !entry.hidden)
    .map((entry) => ({ object, entry })),
);

async function helpOf(line: string): Promise<string> {
  const { options, words } = parseOptions(line.split(" "));
  const answer = await dispatch(words, options);
  assert.ok("text" in answer);
  assert.notEqual(answer.textTo, "stderr", line);
  return [...answer.text()].join("");
}

/** The words of an example, as a shell would give them. Redirections are left out. */
function exampleWords(line: string): string[] {
  const [command = ""] = line.split(" > ");
  const words = command.match(/'[^']*'|[^\s']+/g) ?? [];
  return words.slice(1).map((word) => word.replace(/^'(.*)'$/, "$1"));
}

test("each command has a sentence, and examples that its syntax accepts", () => {
  for (const { object, entry } of entries) {
    const name = `${object.name} ${entry.name}`;
    assert.match(entry.summary ?? "", /^[a-z].*[^.]$/, name);
    const { examples = [] } = entry.help?.() ?? {};
    assert.ok(examples.length > 0, `${name} has no example`);
    for (const [line, meaning] of examples) {
      assert.match(meaning, /^[a-z].*[^.]$/, line);
      const { words, error } = parseOptions(exampleWords(line));
      assert.equal(error, undefined, line);
      const [objectWord, commandWord, ...rest] = words;
      assert.equal(objectWord, object.name, line);
      const chosen = select(object.commands ?? [], commandWord ?? "show", name);
      const forms = joinForms((chosen.syntax ?? entry.syntax) as readonly string[]);
      const definitions = readDefinitions(object.grammar ?? []);
      const typed = rest.filter((word) => !/^(key|value)\./.test(word)).map((word) => (word[0] === "{" ? "1" : word));
      const fits = forms.some((form) => nextWords(parseSyntax(form, definitions), typed).complete);
      assert.ok(fits, `${line}: the syntax of ${name} does not accept it`);
    }
  }
});

test("each word in capitals has a meaning", () => {
  for (const { object, entry } of entries) {
    const { values } = usedWords(joinForms(entry.syntax ?? []), readDefinitions(object.grammar ?? []));
    const known = { ...SHARED_WORDS, ...entry.help?.().words };
    const unknown = [...values].filter((value) => known[value] === undefined);
    assert.deepEqual(unknown, [], `${object.name} ${entry.name}: put the meaning into its help`);
  }
});

test("each way to ask for help gives the same text on standard output", async () => {
  const text = await helpOf("prog load --help");
  for (const line of ["--help prog load", "-h prog load x y", "help prog load", "prog load help"]) {
    assert.equal(await helpOf(line), text, line);
  }
  assert.match(text, /^bpfts prog load\|loadall: Load an object file/);
  assert.ok(text.indexOf("Examples:") < text.indexOf("Usage:"));
  assert.match(text, / {2}PATH +a new file in a bpffs/);
  assert.match(text, /MAP := \{ id MAP_ID/);
  const ofObject = await helpOf("prog --help");
  assert.equal(await helpOf("help prog"), ofObject);
  assert.match(ofObject, /^bpfts prog: Inspect, load and pin programs\.\n\nExamples:/);
  assert.match(ofObject, / {2}dump +Print a program's instructions/);
});

test("general help has a sentence for each object and all options", async () => {
  const text = await helpOf("--help");
  for (const { name, summary } of COMMANDS.filter((one) => one.name !== "help")) {
    assert.ok(text.includes(`  ${name} `) && text.toLowerCase().includes(summary.toLowerCase()), name);
  }
  assert.match(text, / {2}-p, --pretty +print indented JSON \(implies -j\)/);
  for (const line of text.split("\n")) assert.ok(line.length <= 100, line);
});

test("help is found by the command as it is published", () => {
  for (const line of [
    ["map", "dump", "--help"],
    ["help", "map", "dump"],
    ["map", "dump", "help"],
  ]) {
    const { stdout, stderr, code } = bpfts(...line);
    assert.match(stdout, /^bpfts map dump: Print all elements of a map\./);
    assert.deepEqual({ stderr, code }, { stderr: "", code: 0 });
  }
  assert.match(bpfts("-h").stdout, /^bpfts shows and changes/);
  assert.equal(bpfts("-j", "map", "--help").stdout, "null\n");
  const usage = bpfts("map", "help");
  assert.equal(usage.stdout, "");
  assert.match(usage.stderr, /^Usage: bpfts map \{ show \| list \} \[MAP\]/);
});
