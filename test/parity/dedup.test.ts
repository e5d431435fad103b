// Merged and deduplicated BTF against that of libbpf's btf__dedup, byte for byte.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Btf, dedupBtf, mergeBtf } from "../../src/btf/index.ts";
import { readBtfFile } from "../../src/kernel/index.ts";
import { withDirectory } from "../support/directory.ts";
import { objectNames } from "./peer.ts";

const COMPILER = ".cache/peers/libbpf-cc";
const VMLINUX = "/sys/kernel/btf/vmlinux";
const skip = existsSync(COMPILER) ? false : "no libbpf: run scripts/peers.sh libbpf";

/** The little-endian objects with BTF. */
function objects(): string[] {
  const paths = objectNames().map((name) => `test/bpf/${name}.bpf.o`);
  return paths.filter((path) => {
    try {
      return readBtfFile(path).little;
    } catch {
      return false;
    }
  });
}

/** Types and strings; the header of a newer libbpf may be longer. */
function content(btf: Btf): Uint8Array {
  return btf.data.subarray(btf.header.typeStart);
}

function compare(t: TestContext, files: readonly string[]): void {
  const directory = withDirectory(t);
  const [program, out] = [join(directory, "dedup"), join(directory, "out.btf")];
  const built = spawnSync(COMPILER, ["-O2", "-w", "-o", program, "bench/peer/dedup.c"], { encoding: "utf8" });
  assert.equal(built.status, 0, built.stderr);
  const ran = spawnSync(program, [out, "-", ...files], { encoding: "utf8" });
  assert.equal(ran.status, 0, ran.stderr);
  const theirs = Btf.parse(readFileSync(out));
  const ours = dedupBtf(mergeBtf(files.map((path) => readBtfFile(path))));
  assert.equal(ours.endId, theirs.endId, "types");
  assert.equal(ours.header.stringLength, theirs.header.stringLength, "strings");
  assert.ok(Buffer.compare(content(ours), content(theirs)) === 0, "bytes");
}

test("all objects of test/bpf, merged", { skip }, (t) => {
  const files = objects();
  assert.ok(files.length > 60, `${files.length}`);
  compare(t, files);
  compare(t, files.slice().reverse());
});

const withoutKernel = skip || (existsSync(VMLINUX) ? false : `there is no ${VMLINUX}`);
test("the kernel's BTF with itself and all objects", { skip: withoutKernel }, (t) => {
  compare(t, [VMLINUX, VMLINUX, ...objects()]);
});
