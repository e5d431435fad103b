// With -j, every command writes exactly one JSON value to standard output, whatever its words are.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { COMMANDS } from "../../../src/cli/entry/command-table.ts";
import { loadObject } from "../../../src/load/index.ts";
import { withDirectory } from "../../support/directory.ts";
import { bpftsHere } from "../in-process.ts";

/** Words that no command can carry out: of a wrong kind, too few, too many, or that name nothing that exists. */
const BAD: readonly (readonly string[])[] = [
  ["bogus"],
  [""],
  ["id"],
  ["id", "x"],
  ["id", "4294967295"],
  ["pinned", "/no/such/file"],
  ["name", "no_such_name", "no_such_word"],
  ["/no/such/a", "/no/such/b"],
  ["/no/such/a", "bogus", "/no/such/b", "bogus", "bogus", "bogus", "bogus", "bogus"],
  ['\u001b[2J"\\\n'],
];

/** Commands that go on until a signal ends them, or that wait for standard input, if they have no words. */
const GOES_ON: ReadonlySet<string> = new Set(["prog tracelog", "explain", "explain log"]);

/** Returns the lines that name a command of the table: `prog show`. An object without commands is one itself. */
function commandNames(): string[] {
  return COMMANDS.flatMap(({ name, commands }) =>
    commands === undefined ? [name] : [name, ...commands.map((command) => `${name} ${command.name}`)],
  );
}

async function assertJson(words: readonly string[], isGood?: boolean): Promise<void> {
  for (const option of ["-j", "-p"]) {
    const { stdout, code } = await bpftsHere(option, ...words);
    const line = JSON.stringify([option, ...words]);
    assert.doesNotThrow(() => JSON.parse(stdout), `${line}: ${stdout.slice(0, 200)}`);
    assert.ok(stdout.endsWith("\n"), `${line} ends without a line end`);
    if (isGood !== undefined) assert.equal(code === 0, isGood, `${line}: ${stdout.slice(0, 200)}`);
    // Both styles write the same value; one of them is enough for words that fail.
    if (code !== 0) return;
  }
}

test("commands without words, and with bad words", async (t) => {
  assert.ok(commandNames().length > 80, `${commandNames().length}`);
  const home = process.cwd();
  process.chdir(withDirectory(t));
  t.after(() => process.chdir(home));
  for (const name of commandNames()) {
    for (const bad of BAD) await assertJson([...name.split(" "), ...bad]);
    if (!GOES_ON.has(name) && !name.startsWith("feature")) await assertJson(name.split(" "));
  }
});

test("help of every object and command", async () => {
  for (const name of commandNames()) await assertJson([...name.split(" "), "--help"]);
  for (const { name } of COMMANDS) await assertJson([name, "help"]);
});

test("options that are wrong, at the beginning and behind the words", async () => {
  for (const words of [["--bogus"], ["prog", "-x"], ["-B"], ["--sort"], ["--sort", "bogus", "map"], ["-S", "prog"]]) {
    await assertJson(words, false);
  }
});

test("commands with good words", async (t) => {
  const object = loadObject(join(import.meta.dirname, "../../../../test/bpf/counter.bpf.o"));
  t.after(() => object.close());
  const map = `${object.map("counts").id}`;
  const program = `${object.program("egress").id}`;
  for (const line of [
    `prog show id ${program}`,
    `prog dump xlated id ${program} opcodes linum`,
    `prog dump jited id ${program}`,
    `--details prog show id ${program}`,
    `map update id ${map} key.port=9 value.packets=1`,
    `map lookup id ${map} key.port=9`,
    `map getnext id ${map}`,
    `map dump id ${map}`,
    `map delete id ${map} key.port=9`,
    `btf dump prog id ${program}`,
    `btf find task_struct limit 3`,
    `feature list_builtins helpers`,
    `--table map show id ${map}`,
    `--columns id,name prog`,
  ]) {
    await assertJson(
      line.split(" "),
      line.startsWith("map delete") || line.startsWith("map update") ? undefined : true,
    );
  }
});
