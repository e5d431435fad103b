import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { candidates, type ValuePlace } from "../../../src/cli/completion/candidates.ts";
import { liveValues } from "../../../src/cli/completion/live-values.ts";
import { splitLine } from "../../../src/cli/completion/words.ts";
import { COMMANDS } from "../../../src/cli/entry/command-table.ts";
import { createMap } from "../../../src/map/index.ts";
import { withBpffs } from "../../support/bpffs.ts";
import { withDirectory } from "../../support/directory.ts";

/** The words offered at the end of a line; a value stands as its name in angle brackets. */
function offered(line: string): string[] {
  const all = splitLine(line);
  const values = ({ name, within }: ValuePlace): { word: string }[] => [{ word: `<${within ?? ""} ${name}>` }];
  return candidates(COMMANDS, all.slice(0, -1), all.at(-1) ?? "", values).map(({ word }) => word);
}

test("the words of a command line come from the table of commands", () => {
  const cases: [line: string, expected: string][] = [
    ["prog", "prog"],
    ["li", "link"],
    ["prog du", "dump"],
    ["prog lo", "load loadall"],
    ["prog dump ", "xlated jited"],
    ["prog dump xlated ", "id pinned tag name"],
    ["prog dump x id ", "<PROG PROG_ID>"],
    ["-j prog dump xlated id 5 ", "file opcodes linum visual"],
    ["prog list ", "id pinned tag name"],
    ["prog load ", "< OBJ>"],
    ["prog load x.o ", "< PATH>"],
    ["prog load x.o p offload_dev ", "< NAME>"],
    ["prog load x.o p autoattach type xd", "xdp"],
    ["map update id 7 key 1 0 val", "value"],
    ["map create p type h", "hash hash_of_maps"],
    ["net attach xdp id 5 ", "dev"],
    ["net attach xdp id 5 dev ", "< devname>"],
    ["cgroup attach ", "< CGROUP>"],
    ["cgroup attach /x cgroup_inet_i", "cgroup_inet_ingress"],
    ["prog show --ty", "--type"],
    ["prog show --type ", "<type TYPE>"],
    ["prog show --type xdp na", "name"],
    ["link -", "-j --json -p --pretty -V --version -h --help -f --bpffs -n --nomount -d --debug -l --legacy --man"],
    ["-B ", "<base-btf FILE>"],
    ["help pro", "prog"],
    ["help prog du", "dump"],
    ["completion ", "help bash zsh fish"],
    ["nonsense ", ""],
    ["prog nonsense ", ""],
    ["prog dump xlated id 5 nonsense ", ""],
  ];
  for (const [line, expected] of cases) {
    const words = offered(line).filter((word) => !/^--(table|columns|sort)$/.test(word));
    assert.equal(words.join(" "), expected, line);
  }
});

test("each form of each command can be completed from its first word on", () => {
  for (const { name, commands = [] } of COMMANDS) {
    for (const entry of commands) offered(`${name} ${entry.name} `);
  }
});

test("a line is split as a shell does", () => {
  assert.deepEqual(splitLine("bpfts map  show"), ["bpfts", "map", "show"]);
  assert.deepEqual(splitLine("bpfts map "), ["bpfts", "map", ""]);
  assert.deepEqual(splitLine(`a 'b c' "d e"f g\\ h`), ["a", "b c", "d ef", "g h"]);
  assert.deepEqual(splitLine("a ''"), ["a", ""]);
});

test("files, directories and object files", (t) => {
  const directory = withDirectory(t);
  mkdirSync(join(directory, "sub"));
  for (const name of ["a.bpf.o", "a.txt", ".hidden"]) writeFileSync(join(directory, name), "");
  const values = (name: string, typed: string): string[] =>
    liveValues({ name, within: undefined, after: "" }, `${directory}/${typed}`).map(({ word }) =>
      word.slice(directory.length + 1),
    );
  assert.deepEqual(values("FILE", "").sort(), ["a.bpf.o", "a.txt", "sub/"]);
  assert.deepEqual(values("OBJ", "").sort(), ["a.bpf.o", "sub/"]);
  assert.deepEqual(values("MAP_DIR", ""), ["sub/"]);
  assert.deepEqual(values("FILE", ".h"), [".hidden"]);
  assert.deepEqual(values("FILE", "missing/"), []);
});

test("maps by id, name and pin, and devices", (t) => {
  const bpffs = withBpffs(t);
  const name = `tab_${process.pid}`;
  using map = createMap({ type: "hash", name, keySize: 4, valueSize: 4, maxEntries: 1 });
  map.pin(join(bpffs, "pinned_map"));
  const words = (place: ValuePlace): { word: string; note?: string | undefined }[] => liveValues(place, "");
  assert.ok(words({ name: "MAP_ID", within: "MAP", after: "id" }).some((one) => one.note === name));
  assert.ok(words({ name: "MAP_NAME", within: "MAP", after: "name" }).some((one) => one.word === name));
  const pins = words({ name: "FILE", within: "MAP", after: "pinned" });
  assert.ok(pins.some(({ word, note }) => word === join(bpffs, "pinned_map") && note === `id ${map.id}`));
  assert.ok(words({ name: "devname", within: undefined, after: "dev" }).some(({ word }) => word === "lo"));
});
