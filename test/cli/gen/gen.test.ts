import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withDirectory } from "../../support/directory.ts";
import { bpftool, bpfts, hasPeer } from "../run.ts";

const OBJECT = "test/bpf/counter.bpf.o";

test("gen skeleton and subskeleton print C, with -j too, under the name that the user gives", () => {
  const plain = bpfts("gen", "skeleton", OBJECT, "name", "other");
  assert.equal(plain.code, 0, plain.stderr);
  assert.match(plain.stdout, /^#ifndef __OTHER_SKEL_H__$/m);
  assert.equal(bpfts("-j", "gen", "skel", OBJECT, "na", "other").stdout, `${plain.stdout}\n`);
  const sub = bpfts("gen", "subskeleton", OBJECT);
  assert.match(sub.stdout, /^#ifndef __COUNTER_BPF_SUBSKEL_H__$/m);
  if (!hasPeer) return;
  assert.ok(bpftool("gen", "skeleton", OBJECT, "name", "other").stdout === plain.stdout);
  assert.ok(bpftool("gen", "subskeleton", OBJECT).stdout === sub.stdout);
});

test("gen skeleton -L and -S print light skeletons, and say what cannot be one", () => {
  const light = bpfts("-L", "gen", "skeleton", OBJECT, "name", "other");
  assert.deepEqual([light.code, light.stderr], [0, ""]);
  assert.match(light.stdout, /^struct other \{\n\tstruct bpf_loader_ctx ctx;$/m);
  const files = ["-k", "test/load/sign/rsa.key.pem", "-i", "test/load/sign/rsa.cert.pem"];
  const signed = bpfts("-S", ...files, "gen", "skeleton", OBJECT);
  assert.deepEqual([signed.code, signed.stderr], [0, ""]);
  assert.match(signed.stdout, /^\topts\.keyring_id = skel->keyring_id;$/m);
  if (hasPeer) {
    assert.ok(bpftool("-L", "gen", "skeleton", OBJECT, "name", "other").stdout === light.stdout);
    assert.ok(bpftool("-S", ...files, "gen", "skeleton", OBJECT).stdout === signed.stdout);
  }
  const failed = bpfts("-L", "gen", "skeleton", "test/bpf/struct-ops.bpf.o");
  assert.deepEqual(failed, {
    code: 234,
    stdout: "",
    stderr:
      "Error: failed to make a light skeleton: map bpfts_plain: a loader program cannot create struct_ops maps; load this object without a loader program\n",
  });
  const unsigned = bpfts("-S", "gen", "skeleton", OBJECT);
  assert.equal(unsigned.code, 234);
  assert.match(unsigned.stderr, /must be supplied with -S/);
});

test("wrong words are refused as bpftool refuses them", () => {
  const wrong: readonly (readonly [words: string[], message: string])[] = [
    [["skeleton"], "'skeleton' needs at least 1 arguments, 0 found"],
    [["skeleton", OBJECT, "name"], `'${OBJECT}' needs at least 2 arguments, 1 found`],
    [["skeleton", OBJECT, "foo", "x"], "unknown arg foo"],
    [["skeleton", OBJECT, "name", "x", "name", "y"], "object name already specified"],
    [["min_core_btf", "a", "b"], "'min_core_btf' needs at least 3 arguments, 2 found"],
  ];
  for (const [words, message] of wrong) {
    const { code, stderr, stdout } = bpfts("gen", ...words);
    assert.deepEqual([code, stdout, stderr.split("\n")[0]], [255, "", `Error: ${message}`], words.join(" "));
  }
  const { code, stderr } = bpfts("-L", "gen", "subskeleton", OBJECT);
  assert.deepEqual([code, stderr], [255, "Error: cannot use loader for subskeletons\n"]);
});

test("a file that is no object fails with bpftool's exit code, and the message names the reason", () => {
  const { code, stderr } = bpfts("gen", "skeleton", "package.json");
  assert.equal(code, 95);
  assert.match(stderr, /^Error: failed to open BPF object file: package\.json: .*not an ELF file/);
  assert.equal(bpfts("gen", "skeleton", "nowhere.o").code, 255);
});

test("gen min_core_btf writes the whole file or leaves the old one", (t) => {
  const directory = withDirectory(t);
  const out = join(directory, "small.btf");
  writeFileSync(out, "old");
  const failed = bpfts("gen", "min_core_btf", "test/bpf/core-target.bpf.o", out, "test/bpf/minimal-no-btf.bpf.o");
  assert.equal(failed.code, 234);
  assert.match(
    failed.stderr,
    /failed to parse BPF object 'test\/bpf\/minimal-no-btf\.bpf\.o': .* has no section \.BTF/,
  );
  assert.equal(readFileSync(out, "utf8"), "old");
  const done = bpfts("gen", "min_core_btf", "test/bpf/core-target.bpf.o", out, "test/bpf/core-local.bpf.o");
  assert.deepEqual([done.code, done.stdout, done.stderr], [0, "", ""]);
  assert.equal(readFileSync(out).readUInt16LE(0), 0xeb9f);
  assert.deepEqual(readdirSync(directory), ["small.btf"]);
  const nowhere = bpfts(
    "gen",
    "min_core_btf",
    "test/bpf/core-target.bpf.o",
    "/nonexistent/x",
    "test/bpf/core-local.bpf.o",
  );
  assert.equal(nowhere.code, 254);
  assert.match(nowhere.stderr, /^Error: error saving btf file \/nonexistent\/x: No such file or directory/);
});
