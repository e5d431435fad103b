import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { mapCreate, mapInfo, progInfo, progLoad } from "../../src/sys/index.ts";
import { BpfMapType, BpfProgType } from "../../src/uapi/index.ts";
import { bpfts, withoutPids } from "../cli/run.ts";
import { owned } from "../support/cleanup.ts";
import { withDirectory } from "../support/directory.ts";
import { needs } from "../support/feature.ts";
import { returning } from "../support/programs.ts";
import { ALL_STYLES, assertSameOutput } from "./same-output.ts";

const HASH = { map_type: BpfMapType.BPF_MAP_TYPE_HASH, key_size: 4, value_size: 4, max_entries: 8 };

test("batch file prints what bpftool prints", (t) => {
  if (!needs(t, "tool:bpftool")) return;
  const directory = withDirectory(t);
  const id = mapInfo(owned(t, mapCreate(HASH))).id;
  const file = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text);
    return `batch file ${join(directory, name)}`;
  };
  const good = file(
    "good",
    `# fills a map\nmap update id ${id} key 1 0 0 0 value 2 0 0 0\n\nmap \\\n  lookup id '${id}' key 1 0 0 0 # one\nmap show id ${id}\nmap dump id ${id}\nfeature list_builtins link_types\n`,
  );
  assertSameOutput(good, { styles: ALL_STYLES, only: withoutPids });
  // Text has the file and line before the message, on purpose; JSON has the message alone.
  for (const line of [
    file("bad", `map show id ${id}\nmap show id 4294967295\nmap show id ${id}\n`),
    file("quote", `map show id ${id}\nmap 'show\n`),
    file("end", "map show \\\n"),
    file("empty", "# nothing\n"),
  ]) {
    assertSameOutput(line, { styles: [["-j"]], only: withoutPids });
    assertSameOutput(line, { ownMessage: true });
  }
  for (const line of ["batch", "batch file a b", "batch none x", "batch file /no/such/file"]) {
    assertSameOutput(line, { styles: [["-j"]] });
  }
});

test("a line that fails says where it is; --keep-going runs the others", (t) => {
  const path = join(withDirectory(t), "lines");
  writeFileSync(path, "map list none\nfeature list_builtins prog_types\n  \nprog \\\n none\nversion\n");
  const stops = bpfts("batch", "file", path);
  assert.equal(stops.stderr, `Error: ${path}:1: expected 'id', 'name' or 'pinned', got: 'none'?\n`);
  assert.deepEqual([stops.stdout, stops.code], ["", 255]);
  const goesOn = bpfts("--keep-going", "batch", "file", path);
  assert.match(goesOn.stdout, /^unspec\nsocket_filter\n[\s\S]*\nbpfts v[\s\S]*\nprocessed 2 commands, 2 failed\n$/);
  assert.match(goesOn.stderr, new RegExp(`^Error: ${path}:1: .*\nError: ${path}:4: 'none' is not a command`));
  assert.equal(goesOn.code, 255);
  const json = JSON.parse(bpfts("-j", "--keep-going", "batch", "file", path).stdout);
  assert.deepEqual(
    json.map(({ command, output }: { command: string[]; output: object }) => [command[0], "error" in output]),
    [
      ["map", true],
      ["feature", false],
      ["prog", true],
      ["version", false],
    ],
  );
  writeFileSync(path, `batch file ${path}\n`);
  assert.match(bpfts("batch", "file", path).stderr, /:1: a batch file cannot run another batch file\n$/);
});

test("nothing leaks from line to line: names of objects that are gone are not remembered", (t) => {
  const path = join(withDirectory(t), "lines");
  const load = (): number =>
    progLoad({ prog_type: BpfProgType.BPF_PROG_TYPE_XDP, insns: returning(2), prog_name: "x" });
  const id = progInfo(owned(t, load())).id;
  writeFileSync(path, `prog show id ${id}\nmap show\nprog show id ${id}\nprog show id ${id} \n`);
  const batch = JSON.parse(bpfts("-j", "batch", "file", path).stdout) as { output: object }[];
  const alone = JSON.parse(bpfts("-j", "prog", "show", "id", `${id}`).stdout);
  for (const at of [0, 2, 3]) assert.deepEqual(batch[at]?.output, alone);
});
