import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readlinkSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { type BpfObject, loadObject } from "../../../src/load/index.ts";
import { openProgram } from "../../../src/program/index.ts";
import { BPFTOOL, needs } from "../../support/feature.ts";
import { bpfts, COMMAND } from "../run.ts";

interface Live {
  readonly child: ChildProcess;
  /** Waits until the output matches. */
  until(pattern: RegExp): Promise<void>;
  /** Ctrl-C; what was written and how it ended. */
  end(): Promise<{ stdout: string; stderr: string; code: number | null }>;
}

/** Runs a command that goes on. It is killed after the test if it has not ended. */
function start(t: TestContext, command: string, args: readonly string[]): Live {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const child = spawn(command, args, { env });
  const [stdout, stderr]: string[][] = [[], []] as [string[], string[]];
  child.stdout.setEncoding("utf8").on("data", (text: string) => stdout?.push(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr?.push(text));
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  t.after(() => child.kill("SIGKILL"));
  const text = () => ({ stdout: stdout?.join("") ?? "", stderr: stderr?.join("") ?? "" });
  return {
    child,
    async until(pattern) {
      for (let i = 0; i < 6000; i++) {
        if (pattern.test(text().stdout)) return;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assert.fail(`${pattern} did not come: ${JSON.stringify(text())}`);
    },
    async end() {
      child.kill("SIGINT");
      const code = await ended;
      return { ...text(), code };
    },
  };
}

const ours = (t: TestContext, ...args: string[]): Live => start(t, process.execPath, [COMMAND, ...args]);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function load(t: TestContext, file: string): BpfObject {
  const object = loadObject(`test/bpf/${file}.bpf.o`);
  t.after(() => object.close());
  return object;
}

/** Emits one record until the reader has shown one: it cannot be seen from outside when its rings are open. */
async function emitUntil(live: Live, emit: () => void, pattern: RegExp): Promise<void> {
  for (let i = 0; i < 300; i++) {
    emit();
    await pause(10);
    try {
      await Promise.race([live.until(pattern), pause(20).then(() => Promise.reject(new Error("not yet")))]);
      return;
    } catch (error) {
      if (!(error instanceof Error) || error.message !== "not yet") throw error;
    }
  }
  await live.until(pattern);
}

/** Waits until the process has a perf event open, and a moment more. */
async function perfEventOpen({ child }: Live): Promise<void> {
  const directory = `/proc/${child.pid}/fd`;
  const isOpen = (): boolean =>
    readdirSync(directory).some((fd) => linkOf(`${directory}/${fd}`) === "anon_inode:[perf_event]");
  for (let i = 0; i < 6000 && !isOpen(); i++) await pause(10);
  await pause(100);
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

async function pipe(t: TestContext, command: string, before: readonly string[], style: readonly string[]) {
  const object = load(t, "maps-rings");
  const live = start(t, command, [...before, ...style, "map", "event_pipe", "id", String(object.maps.perf_events?.id)]);
  const emit = (): void => void object.programs.emit_perf?.run({ ctxIn: new Uint8Array(16) });
  await perfEventOpen(live);
  // With JSON bpftool writes when it ends.
  if (style.length === 0) await emitUntil(live, emit, /=====\n/);
  else for (let i = 0; i < 40; i++) await pause(10).then(emit);
  const { stdout, stderr, code } = await live.end();
  return { stdout, stderr, code };
}

/** The first record, without what differs from run to run. */
function firstRecord(text: string): string {
  const [first = ""] = text.split(/(?===)|(?<=\}),?(?=\n? *\{)/).filter((part) => part.trim() !== "");
  return first
    .replace(/@\d+\.\d{9}/, "@<time>")
    .replace(/("timestamp": ?)\d+/, "$1<time>")
    .replace(/(CPU|cpu|index)("?: ?)\d+/g, "$1$2<n>")
    .replace(/^[0-9a-f]{2}( [0-9a-f]{2}){7} {2}[0-9a-f]{2}( [0-9a-f]{2}){7}$/m, "<number and cpu>")
    .replace(/(\[|,)\s*\d+(?=[,\]\s])/g, "$1<byte>");
}

for (const style of [[], ["-j"], ["-p"]]) {
  test(`event_pipe ${style.join("")} shows records as bpftool does, and ends in order`, async (t) => {
    const mine = await pipe(t, process.execPath, [COMMAND], style);
    assert.equal(mine.code, 0);
    assert.equal(mine.stderr, "Stopping...\n");
    if (style.length > 0) {
      const records = JSON.parse(mine.stdout) as { type: number; data: number[]; cpu: number; index: number }[];
      assert.ok(records.length > 0);
      for (const { type, data, cpu, index } of records) {
        assert.equal(type, 9);
        assert.equal(cpu, index);
        assert.equal(Buffer.from(data).toString("latin1", 16, 28), "a perf event");
      }
    } else {
      assert.match(mine.stdout, /^== @\d+\.\d{9} CPU: \d+ index: \d+ =====\n/);
    }
    if (!needs(t, "tool:bpftool")) return;
    const theirs = await pipe(t, BPFTOOL, [], style);
    assert.equal(theirs.stderr, mine.stderr);
    assert.equal(firstRecord(mine.stdout), firstRecord(theirs.stdout));
  });
}

test("event_pipe of one CPU and place", async (t) => {
  const object = load(t, "maps-rings");
  const live = ours(t, "map", "event_pipe", "id", String(object.maps.perf_events?.id), "cpu", "0", "index", "0");
  await perfEventOpen(live);
  const { stderr, code } = await live.end();
  assert.deepEqual([stderr, code], ["Stopping...\n", 0]);
});

test("events are one JSON document a line, decoded by the type of a program that uses the map", async (t) => {
  const object = load(t, "maps-rings");
  const { amount } = object.variables;
  assert.ok(amount !== undefined);
  amount.value = 3;
  object.programs.emit?.run({});
  const live = ours(t, "map", "events", "id", String(object.maps.events?.id), "type", "struct", "event");
  await live.until(/"number":2,/);
  object.programs.emit?.run({});
  await live.until(/"number":5,/);
  const { stdout, code } = await live.end();
  assert.equal(code, 0);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { number: number; text: string });
  assert.deepEqual(
    lines.map(({ number }) => number),
    [0, 1, 2, 3, 4, 5],
  );
  assert.ok(lines.every(({ text }) => text === "an event"));
});

test("events without a type are hexadecimal, and go through a pipe", async (t) => {
  const object = load(t, "maps-rings");
  object.programs.emit?.run({});
  const id = object.maps.events?.id;
  const piped = start(t, "sh", ["-c", `"${process.execPath}" "${COMMAND}" map events id ${id} | head -n 1`]);
  await piped.until(/\n/);
  // As `tail -f` it sees that nobody reads any more when it has something to write.
  object.programs.emit?.run({});
  const { stdout } = await piped.end();
  assert.match(stdout, /^\{"data":"[0-9a-f]{64}"\}\n$/);
});

test("watch tells what is added, changed and removed", async (t) => {
  const object = load(t, "counter");
  const { forks } = object.maps;
  assert.ok(forks !== undefined);
  const before = { count: 1n, parent: 2, comm: "one" };
  forks.set(7, before);
  const live = ours(t, "-j", "map", "watch", "id", String(forks.id), "interval", "30");
  // Its first look must be over; it tells nothing of it.
  await pause(2000);
  forks.set(8, { ...before, comm: "two" });
  await live.until(/"added"/);
  forks.set(8, { ...before, count: 5n, comm: "two" });
  await live.until(/"changed"/);
  forks.delete(7);
  await live.until(/"removed"/);
  const { stdout, code } = await live.end();
  assert.equal(code, 0);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ change, key }) => [change, key]),
    [
      ["added", 8],
      ["changed", 8],
      ["removed", 7],
    ],
  );
  assert.deepEqual([lines[1].before.count, lines[1].value.count], [1, 5]);
});

test("mistakes are one sentence", (t) => {
  const object = load(t, "maps-rings");
  const id = (name: string): string => String(object.maps[name]?.id);
  const lines: [string[], RegExp][] = [
    [["map", "event_pipe", "id", id("events")], /^Error: map is not a perf event array\n$/],
    [["map", "event_pipe", "id", id("perf_events"), "cpu", "0"], /^Error: cpu and index must be specified together\n$/],
    [["map", "event_pipe", "id", id("perf_events"), "cpu", "x", "index", "0"], /^Error: .*CPU ID.*\n$/],
    [["map", "events", "id", id(".bss")], /^Error: .*only a ringbuf or a perf_event_array has records\n$/],
    [["map", "events", "id", id("events"), "type", "nothing"], /^Error: no program .* has a type "nothing".*\n$/],
    [["map", "watch", "id", id("events")], /^Error: .*\n$/],
  ];
  for (const [args, message] of lines) {
    const { stderr, code, stdout } = bpfts(...args);
    assert.match(stderr, message, args.join(" "));
    assert.equal(stdout, "");
    assert.equal(code, 255);
    assert.match(JSON.parse(bpfts("-j", ...args).stdout).error, /\w/);
  }
  using program = openProgram({ id: object.programs.emit?.id as number });
  assert.ok(!program.closed);
});
