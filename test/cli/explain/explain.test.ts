import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { closeSync, constants, openSync, readFileSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { withBpffs } from "../../support/bpffs.ts";
import { withDirectory } from "../../support/directory.ts";
import { bpfts, COMMAND } from "../run.ts";

const LOG = "test/load/verifier-logs/7.3-null.log";

test("a log is explained as a compiler explains an error", () => {
  const { stdout, stderr, code } = bpfts("explain", LOG);
  assert.deepEqual({ stderr, code }, { stderr: "", code: 0 });
  assert.match(stdout, /^error\[BPF-E0102\] null-dereference\n {2}R0 is a pointer to a map value or NULL \(map map\)/);
  assert.match(stdout, /\n {2}--> verifier-null\.bpf\.c:17, instruction 7\n {3}\| return \*value;\n/);
  assert.match(stdout, /\n {4}instruction 6 \(verifier-null\.bpf\.c:16\): call bpf_map_lookup_elem sets R0/);
  assert.match(stdout, /\n {4}1\. Compare the result of bpf_map_lookup_elem\(\) with NULL/);
});

test("the object file gives the column, and -j all of a diagnosis", () => {
  const [diagnosis] = JSON.parse(
    bpfts("-j", "explain", LOG, "object", "test/bpf/verifier-null.bpf.o", "program", "careless").stdout,
  );
  assert.equal(diagnosis.code, "BPF-E0102");
  assert.equal(diagnosis.program, "careless");
  const { instruction, file, line, column } = diagnosis.where;
  assert.deepEqual([instruction, file.replace(/^.*\//, ""), line, column], [7, "verifier-null.bpf.c", 17, 10]);
  assert.equal(diagnosis.kernel_report.title, "Register Type Safety: Invalid dereference");
});

test("a code has a page, by its number and by its name", () => {
  const { stdout, code } = bpfts("explain", "BPF-E0102");
  assert.equal(code, 0);
  assert.match(stdout, /^# BPF-E0102: null-dereference\n/);
  assert.equal(bpfts("explain", "null-dereference").stdout, stdout);
  assert.match(bpfts("explain", "BPF-E9999").stderr, /^Error: bpfts has no code BPF-E9999/);
});

test("an errno of a bpf(2) command is explained", () => {
  const { stdout } = bpfts("explain", "errno", "map_update_elem", "E2BIG");
  assert.equal(
    stdout,
    "BPF_MAP_UPDATE_ELEM: E2BIG (7, Argument list too long)\n  - The map is full: it has room for max_entries elements.\n  - The indexes of the map are 0 to max_entries - 1.\n",
  );
  assert.match(bpfts("explain", "errno", "BPF_MAP_UPDATE_ELEM", "7").stdout, /The map is full/);
  assert.match(bpfts("explain", "errno", "bpf_x", "EPERM").stderr, /^Error: 'bpf_x' is no command of bpf\(2\)/);
});

test("a file without a log, a missing file and wrong words are errors", (t) => {
  const directory = withDirectory(t);
  const empty = join(directory, "empty.log");
  writeFileSync(empty, "all is well\n");
  const { stdout, stderr, code } = bpfts("explain", empty);
  assert.deepEqual([stdout, code], ["", 255]);
  assert.match(stderr, /has no verifier log with a refusal/);
  assert.match(bpfts("explain", join(directory, "none")).stderr, /ENOENT|No such file/);
  assert.match(bpfts("explain", LOG, "objekt").stderr, /expected 'object' or 'program'/);
});

test("colours and control characters of a log do not reach the terminal", (t) => {
  const file = join(withDirectory(t), "coloured.log");
  writeFileSync(file, readFileSync(LOG, "utf8").replace(/^/gm, "\u001b[31m"));
  assert.equal(bpfts("explain", file).stdout, bpfts("explain", LOG).stdout);
});

test("a non-blocking pipe that is still empty is waited for", async (t) => {
  const fifo = join(withDirectory(t), "fifo");
  execFileSync("mkfifo", [fifo]);
  const input = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const command = ["-c", 'exec "$0" "$1" explain <&3', process.execPath, COMMAND];
  const { stdout } = spawn("sh", command, { stdio: ["ignore", "pipe", "ignore", input] });
  assert.ok(stdout !== null);
  const output = text(stdout);
  const pipe = await open(fifo, "w");
  // A pipe holds 64 KiB. When more is written, the command has begun to read.
  await pipe.writeFile("\n".repeat(100_000));
  closeSync(input);
  await setTimeout(200);
  await pipe.writeFile(readFileSync(LOG));
  await pipe.close();
  assert.equal(await output, bpfts("explain", LOG).stdout);
});

test("--explain says after a failure why it failed and what to do", (t) => {
  const words = ["prog", "load", "test/bpf/kfuncs-missing.bpf.o", `${withBpffs(t)}/none`] as const;
  const { stderr, code } = bpfts("--explain", ...words);
  assert.equal(code, 255);
  assert.match(stderr, /^Error: failed to load object file: extern bpf_not_in_any_kernel is not resolved/);
  assert.match(stderr, /\nerror\[BPF-E0604\] kernel-symbol-missing\n/);
  assert.match(stderr, /what to do:\n {4}1\. Declare the symbol __weak/);
  const { error, diagnosis } = JSON.parse(bpfts("-j", "--explain", ...words).stdout);
  assert.match(error, /is not resolved/);
  assert.equal(diagnosis.code, "BPF-E0604");
  assert.deepEqual(Object.keys(JSON.parse(bpfts("-j", ...words).stdout)), ["error"]);
});

test("the error for a place that does not exist is an error of the command", () => {
  const { programs } = JSON.parse(bpfts("-j", "verify", "test/bpf/sections-optional.bpf.o").stdout);
  const missing = programs.find((one: { program: string }) => one.program === "optional_missing");
  assert.equal(missing.verdict, "not verified");
  assert.match(missing.error, /^program optional_missing: this kernel has no function no_such_function_in_any_kernel/);
  assert.equal(missing.code, "BPF-E0801");
});

test("a refused program is explained in short, and the last line is the error", (t) => {
  const { stderr } = bpfts("prog", "load", "test/bpf/verifier-null.bpf.o", `${withBpffs(t)}/none`);
  assert.match(
    stderr,
    /-- END PROG LOAD LOG --\nBPF-E0102: .*\n {2}why: .*\n {2}what to do: .*\n {2}more: .*\nError: .*\n$/,
  );
});
