import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync, readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { JsonArray, LiveOutput } from "../../../src/cli/output/live.ts";
import { loadObject } from "../../../src/load/index.ts";
import { createMap } from "../../../src/map/index.ts";
import { withTracefs } from "../../../src/sys/index.ts";
import { needs } from "../../support/feature.ts";
import { bpfts, COMMAND } from "../run.ts";

const SIGHUP_BIT = 1n;

/** Node handles SIGINT by itself from its start on, but SIGHUP only for a command that goes on. */
function handlesSignals({ pid }: ChildProcess): boolean {
  const caught = /^SigCgt:\s+([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
  return (BigInt(`0x${caught}`) & SIGHUP_BIT) !== 0n;
}

interface Live {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown[]>;
  readonly output: () => { stdout: string; stderr: string };
}

/** In a mount namespace of its own, as `prog tracelog` mounts a tracefs where there is none and leaves it. */
async function start(t: TestContext, args: readonly string[]): Promise<Live> {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const child = spawn("unshare", ["--mount", process.execPath, COMMAND, ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "close");
  while (child.exitCode === null && !handlesSignals(child)) await setTimeout(5);
  return { child, ended, output: () => ({ stdout, stderr }) };
}

/** Each live command with its words, and what must be there for it. */
const COMMANDS: readonly (readonly [name: string, words: (t: TestContext) => string[] | undefined])[] = [
  ["prog tracelog", () => ["prog", "tracelog"]],
  [
    "prog profile",
    (t) => {
      if (!needs(t, "attach:fentry")) return undefined;
      const object = loadObject("test/bpf/counter.bpf.o");
      t.after(() => object.close());
      return ["prog", "profile", "id", `${object.program("egress").id}`, "page_faults"];
    },
  ],
  ["map event_pipe", (t) => ["map", "event_pipe", "id", `${ofRings(t, "perf_events")}`]],
  ["map events", (t) => ["map", "events", "id", `${ofRings(t, "events")}`]],
  [
    "map watch",
    (t) => {
      const map = createMap({ type: "hash", keySize: 4, valueSize: 4, maxEntries: 4 });
      t.after(() => map.close());
      return ["map", "watch", "id", `${map.id}`];
    },
  ],
];

function ofRings(t: TestContext, name: string): number {
  const object = loadObject("test/bpf/maps-rings.bpf.o");
  t.after(() => object.close());
  return object.map(name).id;
}

for (const [name, words] of COMMANDS) {
  test(`a second signal soon after the first leaves ${name} its exit code and its JSON`, async (t) => {
    const line = words(t);
    if (line === undefined) return;
    for (const gap of [0, 2, 4]) {
      const { child, ended, output } = await start(t, ["-j", ...line]);
      child.kill("SIGINT");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, gap);
      child.kill("SIGINT");
      assert.deepEqual(await ended, [0, null], `${gap} ms: ${JSON.stringify(output())}`);
      const { stdout } = output();
      if (stdout !== "") JSON.parse(stdout);
      else assert.ok(["map events", "map watch"].includes(name), name);
    }
  });
}

test("a live command that fails at once writes one JSON value", async (t) => {
  const { stdout, code } = bpfts(
    ...["-j", "map", "event_pipe", "id", `${ofRings(t, "perf_events")}`, "cpu", "9999", "index", "0"],
  );
  assert.match((JSON.parse(stdout) as { error: string }).error, /^failed to create perf buffer: /);
  assert.equal(code, 255);
  // The trace pipe has one reader. Another test of this machine may be that reader.
  try {
    const pipe = withTracefs((path) => openSync(`${path}/trace_pipe`, constants.O_RDONLY | constants.O_NONBLOCK));
    t.after(() => closeSync(pipe));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, "EBUSY");
  }
  const { ended, output } = await start(t, ["-j", "prog", "tracelog"]);
  assert.deepEqual(await ended, [255, null]);
  assert.match(
    (JSON.parse(output().stdout) as { error: string }).error,
    /^can't read the trace pipe: Device or resource busy; another process reads it; end that reader first$/,
  );
});

test("every live command that refuses its words writes one JSON value", (t) => {
  const [ring, perf] = [`${ofRings(t, "events")}`, `${ofRings(t, "perf_events")}`];
  const lines: readonly (readonly string[])[] = [
    ["map", "event_pipe", "id", ring],
    ["map", "event_pipe", "id", perf, "cpu", "0"],
    ["map", "events", "id", perf, "nosuch"],
    ["map", "events", "id", "4294967295"],
    ["map", "watch", "id", ring],
    ["prog", "profile", "id", "4294967295", "cycles"],
    ["prog", "tracelog", "nosuch"],
    ["prog", "tracelog", "stdout", "id", "4294967295"],
  ];
  for (const line of lines) {
    const { stdout, stderr, code } = bpfts("-j", ...line);
    assert.deepEqual(Object.keys(JSON.parse(stdout)), ["error"], line.join(" "));
    assert.equal(stderr, "", line.join(" "));
    assert.equal(code, 255, line.join(" "));
  }
});

test("a failure amid the elements of a live array is its last element", () => {
  for (const pretty of [false, true]) {
    let text = "";
    const array = new JsonArray((piece) => {
      text += piece;
    }, pretty);
    array.add("a");
    array.add({ error: "x" });
    array.end();
    assert.deepEqual(JSON.parse(text), ["a", { error: "x" }]);
    text = "";
    new JsonArray((piece) => {
      text += piece;
    }, pretty).end();
    assert.equal(text, "[]");
  }
  assert.equal(typeof LiveOutput.prototype.jsonFailure, "function");
});
