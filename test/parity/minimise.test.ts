// `gen min_core_btf` against bpftool's, byte for byte: of every object of test/bpf, alone and all together.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { type Btf, minimiseBtf } from "../../src/btf/index.ts";
import { readBtfFile } from "../../src/kernel/index.ts";
import { readCoreObject } from "../../src/object/index.ts";
import { withDirectory } from "../support/directory.ts";
import { lacking } from "../support/feature.ts";
import { objectNames, peer } from "./peer.ts";

const VMLINUX = "/sys/kernel/btf/vmlinux";
const TARGET = "test/bpf/core-target.bpf.o";

const pathOf = (object: string): string => `test/bpf/${object}.bpf.o`;

/** The objects that bpftool can minimise for: those with BTF and BTF.ext. */
function minimisable(): string[] {
  return objectNames().filter((name) => {
    try {
      readCoreObject(readFileSync(pathOf(name)), name);
      return true;
    } catch {
      return false;
    }
  });
}

function compare(t: TestContext, kernelPath: string, kernel: Btf, names: readonly string[]): void {
  const out = join(withDirectory(t), "out.btf");
  const theirs = peer("gen", "min_core_btf", kernelPath, out, ...names.map(pathOf));
  assert.ok(theirs.ok, theirs.problems);
  const ours = minimiseBtf(
    kernel,
    names.map((name) => readCoreObject(readFileSync(pathOf(name)), name)),
  );
  assert.ok(Buffer.from(ours).equals(readFileSync(out)), names.join());
}

describe("BTF as bpftool minimises it", { skip: lacking("tool:bpftool") }, () => {
  const kernels = [VMLINUX, TARGET];
  for (const path of kernels) {
    test(`types of ${path}`, { skip: existsSync(path) ? false : `there is no ${path}` }, (t) => {
      const kernel = readBtfFile(path);
      const names = minimisable();
      assert.ok(names.length > 100, `${names.length} objects`);
      for (const name of names) if (name.startsWith("core-")) compare(t, path, kernel, [name]);
      compare(t, path, kernel, names);
    });
  }
});
