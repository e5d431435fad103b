// Commands that only read files need neither root nor the kernel: the user "nobody" runs them with a copy of the package
// that has no FFI library.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withDirectory } from "../../support/directory.ts";
import { lacking, ORDINARY_USER } from "../../support/feature.ts";
import { bpfts } from "../run.ts";

test("an ordinary user runs the commands that read files", { skip: lacking("machine:ordinary_user") }, (t) => {
  const directory = withDirectory(t);
  chmodSync(directory, 0o755);
  cpSync("dist", join(directory, "dist"), { recursive: true });
  cpSync("package.json", join(directory, "package.json"));
  for (const name of ["counter", "minimal"]) {
    cpSync(`test/bpf/${name}.bpf.o`, join(directory, `${name}.bpf.o`));
  }
  const [counter, minimal] = [join(directory, "counter.bpf.o"), join(directory, "minimal.bpf.o")];
  for (const line of [
    ["btf", "dump", "file", counter],
    ["btf", "dump", "file", counter, "format", "c"],
    ["-p", "btf", "dump", "file", counter],
    ["btf", "find", "*", "file", counter],
    ["btf", "diff", counter, minimal],
    ["gen", "skeleton", counter],
  ]) {
    const { stdout, stderr, status } = spawnSync(process.execPath, [join(directory, "dist/bin/bpfts.js"), ...line], {
      ...ORDINARY_USER,
      cwd: directory,
      encoding: "utf8",
      env: { PATH: process.env.PATH },
    });
    assert.deepEqual({ stdout, stderr, code: status }, bpfts(...line), line.join(" "));
    assert.equal(status, 0, line.join(" "));
    assert.notEqual(stdout, "", line.join(" "));
  }
});
