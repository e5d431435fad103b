// Every object of test/bpf is loaded by libbpf and by us on the running kernel: the same programs with the same tags and
// instructions, the same maps, and where libbpf refuses, so do we.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { type BpfObject, loadObject } from "../../src/load/index.ts";
import { type MapInfo, mapInfo, progInfo } from "../../src/sys/index.ts";
import { withBpffs } from "../support/bpffs.ts";
import { lacking } from "../support/feature.ts";
import { infoAt, programFacts } from "./facts.ts";
import { objectNames, peer, peerWithoutBpffs, pins } from "./peer.ts";

/** Loaded by libbpf, but not all is to be pinned: an optional program, a map with a place of its own. bpftool gives up. */
const unpinnable = /can't pin program that wasn't loaded|already has pin path|failed to auto-pin/;
/** What libbpf refuses and we take on purpose, with the reason. */
const takenByUs = new Map<string, string>([
  ["functions-elsewhere", "functions called across sections other than .text are linked (docs/compatibility.md)"],
  ["functions-sections", "functions in sections that name no program type are linked (docs/compatibility.md)"],
  ["exceptions-sections", "functions in sections that name no program type are linked (docs/compatibility.md)"],
]);

function mapFacts(info: MapInfo): Record<string, unknown> {
  return {
    type: info.type,
    name: info.name,
    keySize: info.key_size,
    valueSize: info.value_size,
    maxEntries: info.max_entries,
    flags: info.map_flags,
    extra: info.map_extra,
    ifindex: info.ifindex,
    btf: info.btf_id !== 0,
    keyType: info.btf_key_type_id,
    valueType: info.btf_value_type_id,
    kernelType: info.btf_vmlinux_value_type_id,
  };
}

/** The instructions as bpftool prints them, with the maps' names for their ids, which differ from load to load. */
function listing(path: string, names: ReadonlyMap<number, string>): string {
  const { ok, output, problems } = peer("prog", "dump", "xlated", "pinned", path);
  assert.ok(ok, problems);
  return (
    output
      .replaceAll(/map\[id:(\d+)\]/g, (_, id) => `map[${names.get(Number(id)) ?? id}]`)
      // Addresses of what the kernel made for each load: timers' and lists' own data.
      .replaceAll(/= 0xff[0-9a-f]{14}\b/g, "= ADDRESS")
  );
}

function compareMaps(object: BpfObject, directory: string): Map<number, string>[] {
  const theirs = pins(directory);
  const ours = Object.values(object.maps);
  const [idsOfTheirs, idsOfOurs] = [new Map<number, string>(), new Map<number, string>()];
  const factsOfTheirs = theirs.map((pin) => {
    const info = infoAt(join(directory, pin), mapInfo);
    idsOfTheirs.set(info.id, info.name);
    return mapFacts(info);
  });
  const factsOfOurs = ours.map((map) => {
    const info = mapInfo(map.fd);
    idsOfOurs.set(info.id, info.name);
    return mapFacts(info);
  });
  const sorted = (facts: Record<string, unknown>[]): unknown[] =>
    facts.sort((one, two) => String(one.name).localeCompare(String(two.name)));
  assert.deepEqual(sorted(factsOfOurs), sorted(factsOfTheirs));
  return [idsOfTheirs, idsOfOurs];
}

function comparePrograms(object: BpfObject, theirs: string, ours: string, ids: Map<number, string>[]): void {
  mkdirSync(ours);
  const names = pins(theirs);
  const loaded = Object.entries(object.programs);
  assert.deepEqual(loaded.map(([name]) => name).sort(), names);
  for (const [index, name] of names.entries()) {
    const program = object.programs[name];
    assert.ok(program, name);
    const facts = infoAt(join(theirs, name), progInfo);
    assert.deepEqual(programFacts(progInfo(program.fd)), programFacts(facts), name);
    // Printing takes the kernel long: a few of each object say enough, the tags say the rest.
    if (index >= 3) continue;
    program.pin(join(ours, name));
    assert.equal(listing(join(ours, name), ids[1]!), listing(join(theirs, name), ids[0]!), name);
  }
}

function comparison(name: string): (t: TestContext) => void {
  return (t) => {
    const path = `test/bpf/${name}.bpf.o`;
    const directory = withBpffs(t);
    const [programs, maps] = [join(directory, "programs"), join(directory, "maps")];
    const { ok, problems } = peerWithoutBpffs("prog", "loadall", path, programs, "pinmaps", maps);
    if (!ok && !unpinnable.test(problems) && !takenByUs.has(name)) {
      assert.throws(
        () => loadObject(path, { pinPath: directory }).close(),
        { name: /Error$/ },
        `libbpf refuses: ${problems}`,
      );
      return;
    }
    using object = loadObject(path, { pinPath: directory });
    if (!ok) return;
    comparePrograms(object, programs, join(directory, "ours"), compareMaps(object, maps));
  };
}

describe("loading as libbpf does", { skip: lacking("tool:bpftool") }, () => {
  for (const name of objectNames()) {
    test(name, comparison(name));
  }
});
