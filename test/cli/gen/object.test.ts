import assert from "node:assert/strict";
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withDirectory } from "../../support/directory.ts";
import { lacking } from "../../support/feature.ts";
import { bpftool, bpfts } from "../run.ts";

const MAIN = "test/bpf/linked-main.bpf.o";
const OTHER = "test/bpf/linked-other.bpf.o";
const EXPECTED = "test/bpf/linked.bpf.o";

test("gen object writes one object of several", (t) => {
  const directory = withDirectory(t);
  const out = join(directory, "out.o");
  assert.deepEqual(bpfts("gen", "object", out, MAIN, OTHER), { stdout: "", stderr: "", code: 0 });
  assert.deepEqual(readFileSync(out), readFileSync(EXPECTED));
  assert.deepEqual(bpfts("-j", "g", "object", out, MAIN, OTHER), { stdout: "null\n", stderr: "", code: 0 });
  assert.deepEqual(readdirSync(directory), ["out.o"]);
});

test("the output may be an input, a link or a pipe; its mode stays", (t) => {
  const directory = withDirectory(t);
  const [out, link] = [join(directory, "out.o"), join(directory, "link.o")];
  writeFileSync(out, readFileSync(MAIN));
  chmodSync(out, 0o640);
  symlinkSync("out.o", link);
  assert.equal(bpfts("gen", "object", link, out, OTHER).code, 0);
  assert.deepEqual(readFileSync(out), readFileSync(EXPECTED));
  assert.equal(statSync(out).mode & 0o777, 0o640);
  assert.deepEqual(readdirSync(directory).sort(), ["link.o", "out.o"]);
});

test("a failure names the file, and leaves the output as it was", (t) => {
  const directory = withDirectory(t);
  const out = join(directory, "out.o");
  const none = join(directory, "none.o");
  assert.deepEqual(bpfts("gen", "object", out, MAIN, none), {
    stdout: "",
    stderr: `Error: failed to link '${none}': ${none} cannot be read: there is no such file\n`,
    code: 254,
  });
  assert.equal(existsSync(out), false);
  writeFileSync(out, "old");
  const twice = bpfts("gen", "object", out, MAIN, MAIN);
  assert.deepEqual(twice, {
    stdout: "",
    stderr: `Error: failed to link '${MAIN}': overridden is defined both here and in ${MAIN}; make one of them static or weak (__weak), or rename it\n`,
    code: 234,
  });
  assert.equal(readFileSync(out, "utf8"), "old");
  const big = bpfts("-j", "gen", "object", out, MAIN, "test/bpf/minimal-be.bpf.o");
  assert.equal(big.code, 161);
  assert.match(JSON.parse(big.stdout).error, /^failed to link 'test\/bpf\/minimal-be\.bpf\.o': it is big-endian/);
  const nowhere = bpfts("gen", "object", join(none, "out.o"), MAIN);
  assert.equal(nowhere.code, 255);
  assert.match(nowhere.stderr, /^Error: failed to write '.*out\.o': No such file or directory\n$/);
  assert.deepEqual(readdirSync(directory), ["out.o"]);
});

test("exit codes are bpftool's", { skip: lacking("tool:bpftool") }, (t) => {
  const out = join(withDirectory(t), "out.o");
  const text = join(withDirectory(t), "text");
  writeFileSync(text, "no object\n");
  for (const files of [
    [],
    [MAIN, MAIN],
    ["/no/such/file"],
    [text],
    [process.execPath],
    ["test/bpf/minimal-no-btf.bpf.o"],
    [MAIN, "test/bpf/minimal-be.bpf.o"],
    ["test/bpf/joined-strict.bpf.o", "test/bpf/joined-refused-entries.bpf.o"],
    [MAIN, OTHER],
  ]) {
    const words = ["gen", "object", out, ...files];
    assert.equal(bpfts(...words).code, bpftool(...words).code, words.join(" "));
  }
  assert.equal(bpfts("gen", "object").code, bpftool("gen", "object").code);
});
