// A process of its own: where types are kept holds for all of it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { BtfKind } from "../../src/btf/index.ts";
import { keepKernelTypes, kernelBtf } from "../../src/kernel/index.ts";
import { readKeptTypes, writeKeptTypes } from "../../src/kernel/kept-types.ts";
import { KernelTypes } from "../../src/kernel/kernel-types.ts";
import { kernelBuildId, parseBuildId } from "../../src/sys/index.ts";
import { needs } from "../support/feature.ts";

const NAMES = ["bpf_prog", "bpf_prog_aux", "bpf_iter_bpf_prog"];

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "bpfts-kept-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("what one process found another knows without the kernel's BTF", (t) => {
  const folder = folderFor(t);
  assert.equal(readKeptTypes(), undefined, "nothing is kept unless somebody says where");
  keepKernelTypes(join(folder, "new"));
  assert.equal(readKeptTypes(), undefined);
  const types = new KernelTypes(kernelBtf, NAMES);
  const answers = (of: KernelTypes): unknown[] => [
    of.id("bpf_iter_bpf_prog", BtfKind.FUNC),
    of.offset("bpf_prog", "aux"),
    of.bitOffset("bpf_prog", "gpl_compatible"),
    of.offsetIfAny("bpf_prog_aux", "no_such_member"),
  ];
  const found = answers(types);
  assert.equal(found[0], kernelBtf().find("bpf_iter_bpf_prog", BtfKind.FUNC));
  types.keep();
  const nothing = (): never => assert.fail("the BTF was read");
  assert.deepEqual(answers(new KernelTypes(nothing, NAMES, readKeptTypes())), found);
  const [file] = readdirSync(join(folder, "new"));
  assert.equal(file, `kernel-types-${kernelBuildId()}-${readFileSync("/sys/kernel/btf/vmlinux").length}`);
  writeFileSync(join(folder, "new", file), '{"12 bpf_iter');
  assert.equal(readKeptTypes(), undefined, "half a file is none");
});

test("what was kept and is wrong is searched anew", (t) => {
  const folder = folderFor(t);
  keepKernelTypes(folder);
  const types = new KernelTypes(kernelBtf, NAMES, new Map([["12 bpf_iter_bpf_prog", 1]]));
  assert.equal(types.id("bpf_iter_bpf_prog", BtfKind.FUNC), 1);
  assert.equal(types.forgetKept(), true);
  assert.equal(types.id("bpf_iter_bpf_prog", BtfKind.FUNC), kernelBtf().find("bpf_iter_bpf_prog", BtfKind.FUNC));
  assert.equal(types.forgetKept(), false);
});

test("an iterator program that the kernel refuses with kept types is made with new ones", (t) => {
  if (!needs(t, "machine:first_namespaces")) return;
  const folder = folderFor(t);
  keepKernelTypes(folder);
  const room = (name: string): string => JSON.stringify(new URL(`../../src/${name}/index.js`, import.meta.url).href);
  const script = `import { keepKernelTypes } from ${room("kernel")};
    import { objectHolders } from ${room("inventory")};
    import { mapCreate, mapInfo } from ${room("sys")};
    keepKernelTypes(${JSON.stringify(folder)});
    const map = mapCreate({ map_type: 2, key_size: 4, value_size: 4, max_entries: 1 });
    console.log(objectHolders("map", { by: "iterator" }).get(mapInfo(map).id)?.some(({ pid }) => pid === process.pid));`;
  const run = (): string =>
    execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" }).trim();
  for (const wrong of [1, 4_000_000_000, "nonsense", null]) {
    writeKeptTypes(new Map([["12 bpf_iter_task_file", wrong as number]]));
    assert.equal(run(), "true", `${wrong}`);
    const kept = readKeptTypes();
    assert.equal(kept?.get("12 bpf_iter_task_file"), kernelBtf().find("bpf_iter_task_file", BtfKind.FUNC));
    assert.ok(kept?.has("bpf_map.id"));
  }
});

test("the build id is found among notes, and broken notes have none", () => {
  const note = (type: number, name: string, bytes: readonly number[]): number[] => [
    ...[name.length + 1, 0, 0, 0, bytes.length, 0, 0, 0, type, 0, 0, 0],
    ...Buffer.from(name.padEnd((name.length + 4) & ~3, "\0")),
    ...bytes,
    ...Array.from({ length: -bytes.length & 3 }, () => 0),
  ];
  const other = note(3, "Linux", [1, 2, 3]);
  const build = note(3, "GNU", [0xab, 0xcd, 0xef, 1]);
  assert.equal(parseBuildId(Uint8Array.from([...other, ...build, ...other])), "abcdef01");
  assert.equal(parseBuildId(Uint8Array.from(other)), undefined);
  assert.equal(parseBuildId(Uint8Array.from(build.slice(0, -1))), undefined);
  assert.equal(parseBuildId(new Uint8Array(40).fill(0xff)), undefined);
  assert.equal(parseBuildId(new Uint8Array(0)), undefined);
  assert.match(kernelBuildId() ?? "", /^[0-9a-f]{40}$/);
});
