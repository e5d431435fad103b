// Distilled base BTF against libbpf's btf__distill_base and btf__relocate, byte for byte, and modules with it against
// bpftool.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { Btf, BtfBuilder, BtfKind, dedupBtf, distillBase, mergeBtf, relocateToBase } from "../../src/btf/index.ts";
import { readBtfFile } from "../../src/kernel/index.ts";
import { int, member } from "../btf/samples.ts";
import { buildElf } from "../elf/build-elf.ts";
import { withDirectory } from "../support/directory.ts";
import { lacking } from "../support/feature.ts";
import { objectNames, peer } from "./peer.ts";

const COMPILER = ".cache/peers/libbpf-cc";
const skip = existsSync(COMPILER) ? false : "no libbpf: run scripts/peers.sh libbpf";

/** Types and strings; the header of a newer libbpf may be longer. */
function content(data: Uint8Array): Uint8Array {
  return data.subarray(data[4]);
}

/** The types of half of the objects as a base, and of all objects on it. */
function splitBtf(): { base: Btf; split: Btf } {
  const all = objectNames()
    .map((name) => `test/bpf/${name}.bpf.o`)
    .flatMap((path) => {
      try {
        const btf = readBtfFile(path);
        // libbpf refuses to distill what refers to a function of the base: tags and the section of kfuncs.
        const refersToFunctions = btf.idsOf(BtfKind.DECL_TAG).length > 0 || btf.find(".ksyms") !== undefined;
        return btf.little && !refersToFunctions ? [btf] : [];
      } catch {
        return [];
      }
    });
  assert.ok(all.length > 40, `${all.length} objects`);
  const base = dedupBtf(mergeBtf(all.filter((_, i) => i % 2 === 0)));
  return { base, split: dedupBtf(mergeBtf(all, { base })) };
}

test("libbpf distills and relocates the types of all objects to the same bytes", { skip }, (t) => {
  const directory = withDirectory(t);
  const path = (name: string): string => join(directory, name);
  const built = spawnSync(COMPILER, ["-O2", "-w", "-o", path("distill"), "bench/peer/distill.c"], { encoding: "utf8" });
  assert.equal(built.status, 0, built.stderr);
  const { base, split } = splitBtf();
  // The other base has the same types with other ids.
  const first = new BtfBuilder();
  first.append(int("only_here", 2));
  const newBase = mergeBtf([Btf.parse(first.encode()), base]);
  for (const [name, btf] of Object.entries({ base, split, newBase })) writeFileSync(path(name), btf.data);
  const words = [path("base"), path("split"), path("newBase"), path("out")];
  const ran = spawnSync(path("distill"), words, { encoding: "utf8" });
  assert.equal(ran.status, 0, ran.stderr);
  const distilled = distillBase(split);
  const same = (ours: Uint8Array, end: string): void => {
    assert.ok(Buffer.compare(content(ours), content(readFileSync(path(`out.${end}`)))) === 0, end);
  };
  same(distilled.base?.data as Uint8Array, "base");
  same(distilled.data, "split");
  if (existsSync(path("out.moved"))) same(relocateToBase(distilled, newBase).data, "moved");
  else assert.throws(() => relocateToBase(distilled, newBase), Object, ran.stderr);
});

/** Writes an ELF file with a distilled base, as out-of-tree modules have it, and the base of a kernel. */
function moduleFile(t: TestContext, listSize = 8): { file: string; base: string } {
  const directory = withDirectory(t);
  const [file, base] = [join(directory, "module.ko"), join(directory, "base.btf")];
  const kernel = (size: number, more: boolean): Btf => {
    const b = new BtfBuilder();
    if (more) b.append(int("short", 2));
    const number = b.append(int("int", 4, { signed: true }));
    b.append({ kind: "struct", name: "list", size, members: [member("a", number), member("b", number, 32)] });
    return Btf.parse(b.encode());
  };
  const below = kernel(8, false);
  const b = new BtfBuilder({ base: below });
  b.append({ kind: "struct", name: "device", size: 8, members: [member("list", below.find("list") as number)] });
  const distilled = distillBase(Btf.parse(b.encode(), { base: below }));
  const sections = [
    { name: ".BTF.base", data: distilled.base?.data as Uint8Array },
    { name: ".BTF", data: distilled.data },
  ];
  writeFileSync(file, buildElf({ sections, symbols: [] }));
  writeFileSync(base, kernel(listSize, true).data);
  return { file, base };
}

describe("a module with a distilled base as bpftool prints it", { skip: lacking("tool:bpftool") }, () => {
  for (const words of [[], ["format", "c"]]) {
    test(["alone and with -B", ...words].join(" "), (t) => {
      const { file, base } = moduleFile(t);
      const own = ours("btf", "dump", "file", file, ...words);
      assert.equal(own.output, peer("btf", "dump", "file", file, ...words).output);
      const moved = ours("-B", base, "btf", "dump", "file", file, ...words);
      assert.equal(moved.output, peer("-B", base, "btf", "dump", "file", file, ...words).output);
      assert.match(moved.output, /device/);
      assert.notEqual(moved.output, own.output);
    });
  }

  test("a base that lacks a type", (t) => {
    const { file, base } = moduleFile(t, 16);
    assert.equal(peer("-B", base, "btf", "dump", "file", file).ok, false);
    const failed = ours("-B", base, "btf", "dump", "file", file);
    assert.equal(failed.status, 234);
    assert.match(failed.problems, /\(struct list, size 8\) has no counterpart of the same size/);
  });
});

function ours(...words: string[]): { status: number | null; output: string; problems: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["dist/bin/bpfts.js", ...words], { encoding: "utf8" });
  return { status, output: stdout, problems: stderr };
}
