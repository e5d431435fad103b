import assert from "node:assert/strict";
import { test } from "node:test";
import { type Options, parseOptions } from "../../../src/cli/words/options.ts";

test("options are taken out wherever they stand, as getopt_long does", () => {
  const cases: [string, string[], Partial<Options>][] = [
    ["prog show -j", ["prog", "show"], { json: true, pretty: false }],
    ["-p prog", ["prog"], { json: true, pretty: true }],
    ["-jfn prog", ["prog"], { json: true, bpffs: true, nomount: true }],
    ["--js prog --pre", ["prog"], { json: true, pretty: true }],
    ["-B x.btf btf", ["btf"], { baseBtf: "x.btf" }],
    ["-Bx.btf btf", ["btf"], { baseBtf: "x.btf" }],
    ["btf --base-btf=x", ["btf"], { baseBtf: "x" }],
    ["btf --base x", ["btf"], { baseBtf: "x" }],
    ["-S -k key -i cert prog", ["prog"], { sign: true, useLoader: true, privateKey: "key", certificate: "cert" }],
    ["prog -- -j", ["prog", "-j"], { json: false }],
    ["batch file -", ["batch", "file", "-"], {}],
    ["-d -m -L -V -h", [], { debug: true, mapcompat: true, useLoader: true, version: true, help: true }],
  ];
  for (const [line, words, expected] of cases) {
    const parsed = parseOptions(line.split(" "));
    assert.equal(parsed.error, undefined, line);
    assert.deepEqual(parsed.words, words, line);
    for (const [key, value] of Object.entries(expected))
      assert.equal(parsed.options[key as keyof Options], value, line);
  }
});

test("a bad option is named, and a -j behind it still counts", () => {
  const cases: [string, string][] = [
    ["-x", "unrecognized option '-x'"],
    ["prog show id -1", "unrecognized option '-1'"],
    ["-q", "unrecognized option '-q'"],
    ["--quiet", "unrecognized option '--quiet'"],
    ["--b", "option '--b' could be '--bpffs' or '--base-btf'"],
    ["--json=1", "option '--json' takes no value"],
    ["-B", "option '-B' needs a value: FILE"],
    ["--base-btf", "option '--base-btf' needs a value: FILE"],
  ];
  for (const [line, message] of cases) {
    const { error, options } = parseOptions([
      ...line.split(" "),
      ...(line.endsWith("B") || line.endsWith("btf") ? [] : ["-j"]),
    ]);
    assert.equal(error?.message, message);
    if (!line.endsWith("B") && !line.endsWith("btf")) assert.equal(options.json, true);
  }
});
