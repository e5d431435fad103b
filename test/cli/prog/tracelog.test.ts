import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { add, assemble, call, exit, mov, r0, r1, r2, r3, r10, st } from "../../../src/asm/index.ts";
import { traceLog } from "../../../src/events/index.ts";
import { openProgram, type Program } from "../../../src/program/index.ts";
import { progLoad } from "../../../src/sys/index.ts";
import { BpfProgType, helperByName } from "../../../src/uapi/index.ts";
import { needs } from "../../support/feature.ts";
import { bpfts, COMMAND } from "../run.ts";

/** A program that prints a number of this test's to the kernel's log. */
function printing(t: TestContext, number: number): Program {
  // "t%d" is not needed: eight characters fit one store each.
  const text = `bt${String(number).padStart(5, "0")}`;
  const bytes = Buffer.from(`${text}\0`, "latin1");
  const insns = assemble([
    st("u32", r10, -8, bytes.readInt32LE(0)),
    st("u32", r10, -4, bytes.readInt32LE(4)),
    mov(r1, r10),
    add(r1, -8),
    mov(r2, 8),
    call(helperByName("bpf_trace_printk") as number),
    mov(r0, 0),
    exit(),
  ]);
  return load(t, insns);
}

/** A program that prints a text of ten bytes to the kernel's log: a carriage return and U+2028, then a number. */
function printingLineEnds(t: TestContext, number: number): Program {
  const bytes = Buffer.concat([Buffer.from(`b\r\u2028${String(number).padStart(5, "0")}`), Buffer.alloc(6)]);
  const insns = assemble([
    ...[0, 4, 8, 12].map((at) => st("u32", r10, at - 16, bytes.readInt32LE(at))),
    st("u32", r10, -24, Buffer.from("%s\0\0").readInt32LE(0)),
    mov(r1, r10),
    add(r1, -24),
    mov(r2, 3),
    mov(r3, r10),
    add(r3, -16),
    call(helperByName("bpf_trace_printk") as number),
    mov(r0, 0),
    exit(),
  ]);
  return load(t, insns);
}

function load(t: TestContext, insns: Uint8Array): Program {
  const program = openProgram({ fd: progLoad({ prog_type: BpfProgType.BPF_PROG_TYPE_SCHED_CLS, insns }) });
  t.after(() => program.close());
  return program;
}

const number = process.pid % 100_000;
const text = `bt${String(number).padStart(5, "0")}`;
const input = { dataIn: new Uint8Array(64) };

/** Runs the program until `done`: another reader of the same machine may take a line away. */
async function repeat(program: Program, done: () => boolean): Promise<void> {
  for (let i = 0; i < 100 && !done(); i++) {
    program.run(input);
    await setTimeout(50);
  }
}

for (const style of [[], ["-j"], ["-p"]]) {
  test(`prog ${style} tracelog prints lines as they come and ends in order on Ctrl-C`, async (t) => {
    const program = printing(t, number);
    // It mounts a tracefs where there is none, and leaves it: here in a mount namespace of its own.
    const command = ["--mount", process.execPath, COMMAND, ...style, "prog", "tracelog"];
    const child = spawn("unshare", command, { stdio: ["ignore", "pipe", "pipe"] });
    t.after(() => child.kill("SIGKILL"));
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      output += piece;
    });
    await repeat(program, () => output.includes(text));
    child.kill("SIGINT");
    const [code] = await once(child, "close");
    assert.equal(code, 0);
    const lines = style.length === 0 ? output.split(/(?<=\n)/) : (JSON.parse(output) as string[]);
    assert.ok(
      lines.some((line) => line.endsWith(`bpf_trace_printk: ${text}\n`)),
      output,
    );
    if (style[0] === "-j") assert.match(output, /^\["[\s\S]*\\n"\]\n$/);
    if (style[0] === "-p") assert.match(output, /^\["[\s\S]*\\n"\n\]\n$/);
  });
}

test("the log is iterated until it is told to end", async (t) => {
  const program = printing(t, number);
  const abort = new AbortController();
  let seen = false;
  const reading = (async () => {
    for await (const line of traceLog({ signal: abort.signal })) if (line.includes(text)) seen = true;
  })();
  await repeat(program, () => seen);
  abort.abort();
  await reading;
  assert.ok(seen);
});

test("a line keeps what stands before a carriage return or U+2028", async (t) => {
  const program = printingLineEnds(t, number);
  const digits = String(number).padStart(5, "0");
  const start = "\\[\\d+\\].* \\d+\\.\\d+: bpf_trace_printk: b";
  const abort = new AbortController();
  let line = "";
  const reading = (async () => {
    for await (const one of traceLog({ signal: abort.signal })) if (one.includes(`\u2028${digits}`)) line ||= one;
  })();
  await repeat(program, () => line !== "");
  abort.abort();
  await reading;
  assert.match(line, new RegExp(`^ *\\S.*${start}\\r\u2028${digits}\\n$`));
  const command = ["--mount", process.execPath, COMMAND, "prog", "tracelog"];
  const child = spawn("unshare", command, { stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    output += piece;
  });
  await repeat(program, () => output.includes(`\u2028${digits}`));
  child.kill("SIGINT");
  await once(child, "close");
  assert.match(output, new RegExp(`${start}\\\\r\u2028${digits}\\n`));
});

test("program streams are taken, or missing in so many words", (t) => {
  const program = printing(t, number);
  const ran = bpfts("prog", "tracelog", "stdout", "id", `${program.id}`);
  if (needs(t, "prog:stream")) {
    assert.deepEqual(ran, { stdout: "", stderr: "", code: 0 });
    assert.equal(bpfts("-j", "prog", "tracelog", "stderr", "id", `${program.id}`).stdout, '""\n');
    assert.equal(program.stream("stderr"), "");
  }
  assert.match(
    bpfts("prog", "tracelog", "x").stderr,
    /^Error: expected no more arguments, 'stdout' or 'stderr', got: 'x'\?\n$/,
  );
  assert.match(bpfts("prog", "tracelog", "s", "id").stderr, /'s' needs at least 2 arguments, 1 found/);
});
