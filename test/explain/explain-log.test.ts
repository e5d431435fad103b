import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { type Diagnosis, explainLog, formatDiagnosis, formatShortDiagnosis } from "../../src/explain/index.ts";

interface Label {
  readonly case: string;
  readonly instruction: number;
  readonly telling: readonly string[];
  readonly source: string;
}

const LOGS = "test/explain/logs";
const labels = JSON.parse(readFileSync(`${LOGS}/labels.json`, "utf8")) as Label[];
/** The name of the code of each log, checked by hand. */
const codes = JSON.parse(readFileSync("test/explain/codes.json", "utf8")) as Record<string, string>;
const read = (name: string): string => readFileSync(`${LOGS}/${name}.log`, "utf8");

function only(text: string | Iterable<string>): Diagnosis {
  const diagnoses = explainLog(text);
  assert.equal(diagnoses.length, 1, JSON.stringify(diagnoses));
  return diagnoses[0] as Diagnosis;
}

for (const label of labels) {
  test(`the reason, the instruction, the class and the code of a real log: ${label.case}`, () => {
    const { lines, where, class: kind, name, remedies } = only(read(label.case));
    assert.deepEqual(lines, label.telling);
    assert.equal(where?.instruction, label.instruction);
    assert.equal(`${where?.source} @ ${where?.file}:${where?.line}`, label.source);
    assert.equal(kind, "program");
    assert.equal(name, codes[label.case]);
    assert.ok(remedies.length >= 1 && remedies.length <= 3);
  });
}

/** Gives all variables, maps and programs other names and moves all source lines. */
function renamed(log: string): string {
  return log
    .split("\n")
    .map((line) =>
      line.startsWith("; ")
        ? line
            .replace(/[A-Za-z_]\w*/g, (name) => `other_${name.length}`)
            .replace(/ @ .*:(\d+)$/, (_, number: string) => ` @ padded.c:${Number(number) + 100}`)
        : line
            .replace(/\bmap=(\w+)/g, (_, name: string) => `map=other_${name.length}`)
            .replace(/prog '\w+'/g, "prog 'other'"),
    )
    .join("\n");
}

test("other names and other line numbers change nothing but names and line numbers", () => {
  const core = ({ code, where, why, remedies, what }: Diagnosis) => ({
    code,
    instruction: where?.instruction,
    why: why.map(({ place, text }) => `${place?.instruction}: ${text.replace(/\(map \w+\)/, "(map)")}`),
    what: what.replace(/\(map \w+\)/, "(map)"),
    remedies,
  });
  for (const { case: name } of labels) assert.deepEqual(core(only(renamed(read(name)))), core(only(read(name))), name);
});

/** The verifier's own lines of a log, without the loader's. */
function kernelLines(name: string): string[] {
  const lines = read(name).split("\n");
  const start = lines.findIndex((line) => line.includes("-- BEGIN PROG LOAD LOG --"));
  return lines.slice(
    start + 1,
    lines.findIndex((line) => line.includes("-- END PROG LOAD LOG --")),
  );
}

const NAME = "packet_ihl_udp_undercheck_001";
const kernel = kernelLines(NAME);
const each = (before: (line: string, i: number) => string): string => kernel.map(before).join("\n");

/** The same log as loaders, collectors and terminals show it. */
const envelopes: Readonly<Record<string, string>> = {
  "the kernel's lines alone": kernel.join("\n"),
  "with Windows' line ends": kernel.join("\r\n"),
  "libbpf before each line": `libbpf: -- BEGIN DUMP LOG ---\nlibbpf: \n${each((line) => `libbpf: ${line}`)}\nlibbpf: -- END LOG --\nlibbpf: failed to load program 'x'`,
  "a container's name": each((line) => `obi-1  | ${line}`),
  "time and level": each((line) => `2026-05-04T10:11:12.345678Z  WARN app::loader: ${line}`),
  syslog: each((line) => `May  4 10:11:12 host agent[4711]: ${line}`),
  "Go's log": each((line) => `2026/05/04 10:11:12 ${line}`),
  aya: `Error: failed to load\n\nCaused by:\n    0: the BPF_PROG_LOAD syscall failed. Verifier output: ${each((line) => line)}\n    1: Permission denied (os error 13)`,
  indentation: each((line) => `        ${line}`),
  bcc: `bpf: Failed to load program: Permission denied\n${kernel.join("\n")}\n\nHINT: The 'R0 invalid mem access' error can happen if you try to dereference memory.\nTraceback (most recent call last):`,
  bpftrace: `ERROR: Error loading BPF program for kprobe_x.\nKernel error log:\n${kernel.join("\n")}\nERROR: Loading BPF object(s) failed.`,
  colours: each((line, i) => `\u001b[3${i % 8}m${line}\u001b[0m`),
  "docker's JSON": each((line) => JSON.stringify({ log: `${line}\n`, stream: "stderr", time: "2026-05-04T10:11:12Z" })),
  "one line of JSON": JSON.stringify({ level: "error", msg: `load program: permission denied:\n${kernel.join("\n")}` }),
  "escaped line ends": `level=error msg="loading: ${kernel.join("\\n").replaceAll('"', '\\"')}"`,
  "cut at the front": kernel.slice(kernel.length >> 1).join("\n"),
  "cut behind the reason": kernel
    .slice(0, kernel.findLastIndex((line) => line.includes("outside of the packet")) + 1)
    .join("\n"),
};

for (const [name, text] of Object.entries(envelopes)) {
  test(`the log is found in other words: ${name}`, () => {
    const expected = only(read(NAME));
    const { code, where, lines } = only(text);
    assert.equal(code, expected.code);
    assert.deepEqual(lines, expected.lines);
    assert.equal(where?.instruction, expected.where?.instruction);
  });
}

test("the joined lines of cilium/ebpf", () => {
  const text =
    "loading: field Prog: program prog: load program: permission denied: 28: (71) r1 = *(u8 *)(r1 +8): R1 invalid mem access 'scalar' (42 line(s) omitted)";
  const { code, where, lines, program } = only(text);
  assert.deepEqual([code, where?.instruction, program], ["BPF-E0103", 28, "prog"]);
  assert.deepEqual(lines, ["R1 invalid mem access 'scalar'"]);
});

test("each program of a text has its diagnosis", () => {
  const names = ["ringbuf_double_submit_001", NAME, "alu32_pointer_cookie_001"];
  const all = explainLog(names.map(read).join("\n"));
  assert.deepEqual(
    all.map(({ name }) => name),
    names.map((name) => codes[name]),
  );
  assert.deepEqual(
    explainLog(names.map((name) => kernelLines(name).join("\n")).join("\n\n")).map(({ name }) => name),
    names.map((name) => codes[name]),
  );
});

test("a reason without any instruction is found before the statistics", () => {
  const log = "unreachable insn 2\nprocessed 0 insns (limit 1000000) max_states_per_insn 0 total_states 0\n";
  const { code, where } = only(`libbpf: prog 'x': BPF program load failed: -EINVAL\n${log}`);
  assert.deepEqual([code, where?.instruction], ["BPF-E0506", 2]);
});

test("the report of Linux 7.3 and the classic log are read together", () => {
  const { code, where, kernelReport, why } = only(readFileSync("test/load/verifier-logs/7.3-null.log", "utf8"));
  assert.equal(code, "BPF-E0102");
  assert.equal(where?.instruction, 7);
  assert.equal(kernelReport?.title, "Register Type Safety: Invalid dereference");
  assert.match(why[0]?.text ?? "", /^call bpf_map_lookup_elem sets R0/);
});

test("an infinite loop is reported at its instruction, not by the states that follow", () => {
  const { code, lines, where } = only(readFileSync("test/load/verifier-logs/6.18-infinite-loop.log", "utf8"));
  assert.deepEqual([code, lines, where?.instruction], ["BPF-E0502", ["infinite loop detected at insn 1"], 1]);
});

test("states of kernels before 5.18 are read", () => {
  const log = [
    "0: (61) r2 = *(u32 *)(r1 +4)",
    "1: R1=ctx(id=0,off=0,imm=0) R2_w=inv(id=0,umax_value=4294967295,var_off=(0x0; 0xffffffff)) R10=fp0",
    "1: (79) r0 = *(u64 *)(r2 +0)",
    "R2 invalid mem access 'inv'",
    "processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0",
  ].join("\n");
  const { code, what, why } = only(log);
  assert.equal(code, "BPF-E0103");
  assert.match(what, /^R2 is a number up to 4294967295, /);
  assert.equal(why[0]?.place?.instruction, 0);
});

test("the history goes through a spill to the stack and back", () => {
  const log = [
    "6: (85) call bpf_map_lookup_elem#1    ; R0_w=map_value_or_null(id=1,map=m,ks=4,vs=8)",
    "7: (7b) *(u64 *)(r10 -16) = r0        ; R0_w=map_value_or_null(id=1,map=m,ks=4,vs=8) R10=fp0 fp-16_w=map_value_or_null(id=1,map=m,ks=4,vs=8)",
    "8: (85) call bpf_ktime_get_ns#5       ; R0_w=scalar()",
    "9: (79) r3 = *(u64 *)(r10 -16)        ; R3_w=map_value_or_null(id=1,map=m,ks=4,vs=8) R10=fp0",
    "10: (79) r0 = *(u64 *)(r3 +0)",
    "R3 invalid mem access 'map_value_or_null'",
  ];
  const steps = only(log).why.map(({ place, text }) => `${place?.instruction}: ${text}`);
  assert.deepEqual(steps, [
    "6: call bpf_map_lookup_elem sets R0: a pointer to a map value or NULL (map m)",
    "7: saves R0 on the stack at fp-16",
    "9: loads R3 from the stack at fp-16",
  ]);
});

test("a message that is not known is given as it is, and said to be unknown", () => {
  const log =
    "0: R1=ctx() R10=fp0\n0: (b7) r0 = 2\nthe moon is not in the right phase\nprocessed 1 insns (limit 1000000)\n";
  const { code, class: kind, confidence, lines, where } = only(log);
  assert.deepEqual([code, kind, confidence], ["BPF-E0001", "unknown", "unknown"]);
  assert.deepEqual(lines, ["the moon is not in the right phase"]);
  assert.equal(where?.instruction, 0);
});

test("a log that ends before the reason is said to be cut", () => {
  assert.equal(only(kernel.slice(0, kernel.length - 6)).code, "BPF-E0002");
});

test("a text without a log, and the log of an accepted program, give nothing", () => {
  assert.deepEqual(explainLog(""), []);
  assert.deepEqual(explainLog("hello\nworld: 12\n"), []);
  assert.deepEqual(
    explainLog("0: R1=ctx() R10=fp0\n0: (b7) r0 = 2\n1: (95) exit\nprocessed 2 insns (limit 1000000)\n"),
    [],
  );
});

test("what a loader says without the verifier's log is explained, too", () => {
  const text =
    "libbpf: elf: legacy map definitions in 'maps' section are not supported by libbpf v1.0+\nError: failed to open object file";
  assert.equal(only(text).code, "BPF-E0605");
});

test("no text of a diagnosis has control characters", () => {
  const evil = "\u001b[31m\u001b]0;title\u0007\u0008\u009b2J\u202e";
  const hostile = read(NAME)
    .split("\n")
    .map((line, i) => (i % 3 === 0 ? evil + line + evil : line.replaceAll(" ", `${evil} `)))
    .join("\n");
  const diagnosis = only(hostile);
  assert.equal(diagnosis.code, "BPF-E0101");
  const clean = /[^\n -\u007e\u00a0-\u200d\u2010-\u2027\u2030-\u2065\u206a-\ud7ff\ue000-\uffff]/;
  assert.doesNotMatch(formatDiagnosis(diagnosis) + formatShortDiagnosis(diagnosis), clean);
});

test("any log, cut anywhere, with any bytes, gives an answer or none", () => {
  const all = labels.slice(0, 12).map(({ case: name }) => read(name));
  fc.assert(
    fc.property(fc.constantFrom(...all), fc.nat(12_000), fc.nat(12_000), fc.string(), (log, from, length, noise) => {
      for (const diagnosis of explainLog(log.slice(from, from + length) + noise + log.slice(0, length))) {
        assert.match(diagnosis.code, /^BPF-E\d{4}$/);
      }
    }),
    { numRuns: 60 },
  );
});

test("a log of 10 MB is read", () => {
  const line =
    "12: (07) r3 += 1                      ; R3_w=scalar(smin=smin32=0,smax=umax=umax32=255,var_off=(0x0; 0xff))\n";
  const start = kernel.findIndex((text) => text.startsWith("0: R1=")) + 1;
  const long = line.repeat(Math.ceil(1e7 / line.length));
  const { code, where } = only(`${kernel.slice(0, start).join("\n")}\n${long}${kernel.slice(start).join("\n")}`);
  assert.deepEqual([code, where?.instruction], ["BPF-E0101", 28]);
});
