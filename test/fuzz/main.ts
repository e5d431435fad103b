// Feeds changed inputs to all parsers, and reports those that take long, take much memory, or throw what bpfts does not
// throw on purpose.
//
//   npm run fuzz -- [--seconds N] [--inputs N] [--seed TEXT] [--targets A,B] [--keep FOLDER]
//
// Runs for 60 seconds unless told otherwise; with --inputs until so many were tried. Each fault is reported once, with
// an input as small as could be made, which is left in the folder (.build/fuzz). Put it into test/fuzz/found/TARGET once
// the fault is mended: test/fuzz/found.test.ts tries those at every `npm test`.
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { slownessOfMachine } from "../support/bounded.ts";
import { MOST_MEGABYTES, MOST_MILLISECONDS } from "./check-input.ts";
import { inputOf, type Report, type RunnerData } from "./runner.ts";
import type { Fault, FuzzTarget } from "./target.ts";
import { TARGETS } from "./targets/index.ts";

const mostMilliseconds = Math.round(MOST_MILLISECONDS * slownessOfMachine());
/** An input that takes so long is given up: it may never end. */
const hangMilliseconds = 30 * mostMilliseconds;

const { values } = parseArgs({
  options: {
    seconds: { type: "string" },
    inputs: { type: "string" },
    seed: { type: "string", default: "1" },
    targets: { type: "string", default: TARGETS.map(({ name }) => name).join(",") },
    keep: { type: "string", default: ".build/fuzz" },
  },
});
const seconds = Number(values.seconds ?? (values.inputs === undefined ? 60 : Number.POSITIVE_INFINITY));
const mostInputs = Number(values.inputs ?? Number.POSITIVE_INFINITY);
const targets = values.targets.split(",").map((name) => {
  const target = TARGETS.find((one) => one.name === name);
  if (target === undefined) throw new Error(`no target is called ${name}: there are ${TARGETS.map((one) => one.name)}`);
  return target;
});

const begun = performance.now();
const counts = new Map(targets.map(({ name }) => [name, 0]));
const next = targets.map(() => 0);
let faults = 0;
let told = begun;

while (!isOver()) await runWorker();

const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
for (const [name, count] of counts) console.log(`${name.padEnd(16)} ${count.toLocaleString("en").padStart(12)} inputs`);
const limits = `at most ${mostMilliseconds} ms and ${MOST_MEGABYTES} MB each`;
console.log(`${total.toLocaleString("en")} inputs in ${elapsed()} s, seed ${values.seed}, ${limits}: ${faults} faults`);
process.exit(faults > 0 ? 1 : 0);

function isOver(): boolean {
  const inputs = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return performance.now() - begun > seconds * 1000 || inputs >= mostInputs;
}

function elapsed(): number {
  return Math.round((performance.now() - begun) / 1000);
}

/** Runs until the time is over, or the worker died of an input, which is reported. */
function runWorker(): Promise<void> {
  const state = new Int32Array(new SharedArrayBuffer(8));
  const workerData: RunnerData = {
    seed: values.seed,
    targets: targets.map(({ name }) => name),
    mostMilliseconds,
    next,
    state,
  };
  const worker = new Worker(new URL("./runner.js", import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: 2 * MOST_MEGABYTES },
  });
  return new Promise((resolve) => {
    let last = "";
    let since = performance.now();
    const watch = setInterval(() => {
      const now = state.join();
      if (now !== last) {
        last = now;
        since = performance.now();
      }
      if (performance.now() - since > hangMilliseconds) {
        lose({ kind: "hang", detail: `did not end in ${hangMilliseconds / 1000} s` });
      } else if (isOver()) finish();
    }, 100);
    const finish = (): void => {
      clearInterval(watch);
      void worker.terminate().then(() => resolve());
    };
    const lose = (fault: Fault): void => {
      const [place = 0, number = 0] = state;
      const target = targets[place] as FuzzTarget;
      next[place] = number + 1;
      keep(target.name, number, fault, inputOf(target, target.corpus(), values.seed, number));
      finish();
    };
    worker.on("message", (report: Report) => {
      if (report.kind === "fault") keep(report.target, report.number, report.fault, report.data);
      else {
        counts.set(report.target, (counts.get(report.target) ?? 0) + report.inputs);
        const place = targets.findIndex(({ name }) => name === report.target);
        next[place] = (next[place] as number) + report.inputs;
        tell();
      }
    });
    worker.on("error", (error: NodeJS.ErrnoException) => {
      lose({ kind: error.code === "ERR_WORKER_OUT_OF_MEMORY" ? "memory" : "error", detail: String(error.stack) });
    });
  });
}

function keep(target: string, number: number, fault: Fault, data: Uint8Array): void {
  faults++;
  const folder = join(values.keep, target);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${fault.kind}-${createHash("sha256").update(data).digest("hex").slice(0, 12)}`);
  writeFileSync(path, data);
  console.log(`${target}, input ${number}: ${fault.kind}: ${fault.detail}\n  ${data.length} bytes in ${path}`);
}

/** A line a minute, so that whoever waits sees that it goes on. */
function tell(): void {
  if (performance.now() - told < 60_000) return;
  told = performance.now();
  const inputs = [...counts.values()].reduce((sum, count) => sum + count, 0);
  console.log(`${elapsed()} s: ${inputs.toLocaleString("en")} inputs, ${faults} faults`);
}
