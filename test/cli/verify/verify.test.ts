import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withDirectory } from "../../support/directory.ts";
import { bpfts } from "../run.ts";

const COUNTER = "test/bpf/counter.bpf.o";
const REFUSED = "test/bpf/verifier-null.bpf.o";

test("a table, CSV and Markdown of several objects; a refused program is exit code 1", () => {
  const { stdout, code } = bpfts("verify", COUNTER, REFUSED);
  assert.equal(code, 1);
  assert.match(stdout, /^FILE +PROGRAM +VERDICT +INSTRUCTIONS +STATES/);
  assert.match(stdout, /\ncounter\.bpf\.o +ingress +accepted +\d+ +\d+ +\d+ +\d+ +[\d+]+ +91\n/);
  assert.match(stdout, /careless: program careless is refused[^\n]*\n {2}what to do: Compare the result/);
  const csv = bpfts("verify", COUNTER, "--csv").stdout.split("\n");
  assert.equal(csv[0], "file,program,verdict,instructions,states,peak,time us,stack,size");
  assert.match(csv[1] ?? "", /^counter\.bpf\.o,ingress,accepted,\d+,/);
  assert.match(bpfts("verify", COUNTER, "--markdown").stdout, /^\| file \| program .*\n\| --- \| --- .*\n\| counter/);
  assert.equal(bpfts("verify", COUNTER).code, 0);
});

test("one program, with its hot lines; a constant that is set", () => {
  const { programs } = JSON.parse(
    bpfts("-j", "verify", COUNTER, "program", "egress", "--hot", "3", "--set", "threshold=7").stdout,
  );
  assert.equal(programs.length, 1);
  const [{ program, hot_lines, hot_functions, limit }] = programs;
  assert.deepEqual([program, limit, hot_lines.length, hot_functions.length], ["egress", 1_000_000, 3, 2]);
  assert.match(hot_lines[0].place, /^counter\.bpf\.c:\d+$/);
  assert.match(bpfts("verify", COUNTER, "--set", "no_such=1").stderr, /^Error: --set no_such: .*no variable/);
  assert.match(bpfts("verify", COUNTER, "--set", "threshold").stderr, /--set needs VAR=VALUE/);
  assert.match(bpfts("verify", COUNTER, "program", "none").stderr, /no program/);
  assert.match(bpfts("verify", "test/bpf/sections-unknown.bpf.o", "--type", "socket").stdout, /accepted/);
});

test("a baseline: growth beyond the limit and a new refusal are exit code 1", (t) => {
  const directory = withDirectory(t);
  const base = join(directory, "base.json");
  writeFileSync(base, bpfts("-j", "verify", COUNTER).stdout);
  assert.equal(bpfts("verify", COUNTER, "--baseline", base).code, 0);
  assert.equal(bpfts("verify", COUNTER, "--baseline", COUNTER).code, 0);
  const results = JSON.parse(readFileSync(base, "utf8"));
  results.programs[0].instructions = Math.floor(results.programs[0].instructions / 1.2);
  const smaller = join(directory, "smaller.json");
  writeFileSync(smaller, JSON.stringify(results));
  const grown = bpfts("verify", COUNTER, "--baseline", smaller);
  assert.equal(grown.code, 1);
  assert.match(grown.stdout, /worse: counter\.bpf\.o ingress: the verifier processes \d+ instructions instead of \d+/);
  assert.equal(bpfts("verify", COUNTER, "--baseline", smaller, "--growth", "30").code, 0);
  // A refusal that the baseline has is not new.
  assert.equal(bpfts("verify", REFUSED, "--baseline", REFUSED).code, 0);
  const { regressions } = JSON.parse(bpfts("-j", "verify", REFUSED, "--baseline", base).stdout);
  assert.deepEqual(
    regressions.map(({ program }: { program: string }) => program),
    ["careless"],
  );
  writeFileSync(smaller, "{}");
  assert.match(bpfts("verify", COUNTER, "--baseline", smaller).stderr, /does not have the results of/);
  writeFileSync(smaller, "no JSON");
  assert.match(bpfts("verify", COUNTER, "--baseline", smaller).stderr, /is not JSON; write it with/);
});

test("the table shows the earlier result of the program in the same file", (t) => {
  const base = join(withDirectory(t), "base.json");
  const other = { file: "other.bpf.o", program: "ingress", verdict: "accepted", instructions: 987654, size: 4 };
  const { kernel, programs } = JSON.parse(bpfts("-j", "verify", COUNTER).stdout);
  writeFileSync(base, JSON.stringify({ kernel, programs: [...programs, other] }));
  const { stdout } = bpfts("verify", COUNTER, "--baseline", base, "--csv");
  assert.match(stdout, /^counter\.bpf\.o,ingress,accepted,(\d+),.*,\1$/m);
  assert.ok(!stdout.includes("987654"), stdout);
});

test("results of several kernels are joined in one table", (t) => {
  const directory = withDirectory(t);
  const files = ["6.1", "6.12"].map((kernel) => {
    const verdict = kernel === "6.1" ? "refused" : "accepted";
    const file = join(directory, `${kernel}.json`);
    const programs = [{ file: "a.o", program: "x", verdict, instructions: 12, type: "xdp", size: 4 }];
    writeFileSync(file, JSON.stringify({ kernel, programs }));
    return file;
  });
  assert.equal(
    bpfts("verify", "--merge", ...files, "--markdown").stdout,
    "| file | program | 6.1 | 6.12 |\n| --- | --- | --- | --- |\n| a.o | x | refused | 12 |\n",
  );
  assert.equal(JSON.parse(bpfts("-j", "verify", "--merge", ...files).stdout).length, 2);
});
