// Runs what only shows itself after many times, against the built package: `npm run soak [ROUNDS] [PART…]`.
//
//   workers  worker threads that wait on a ring end in every way: terminated at random moments, by an uncaught error,
//            by process.exit() in a callback, by running to their end. The process must live on.
//   churn    maps, mappings, readers and streams come and go.
//
// Each part fails if an fd, a mapping of BPF memory or more than a few megabytes are left at its end.
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { isMainThread, Worker, workerData } from "node:worker_threads";

const library = new URL("../dist/index.js", import.meta.url).href;

setImmediate(() => (isMainThread ? main() : endLike(workerData)));

async function main() {
  const [rounds = "200", ...chosen] = process.argv.slice(2);
  const parts = { workers, churn };
  for (const [name, run] of Object.entries(parts)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    // The first round loads what stays.
    await run(1);
    await settle();
    const before = state();
    const start = performance.now();
    const done = await run(Number(rounds));
    await settle();
    const after = state();
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(
      `${name}: ${done} in ${seconds} s; fds ${before.fds} -> ${after.fds}, ` +
        `mappings of BPF memory ${before.mapped} -> ${after.mapped}, resident ${before.rss} -> ${after.rss} MB`,
    );
    if (after.fds > before.fds || after.mapped > before.mapped || after.rss > before.rss + 64) {
      console.log(`${name}: something was left behind`);
      process.exitCode = 1;
    }
  }
}

function state() {
  const rss = Math.round(process.memoryUsage.rss() / 2 ** 20);
  const mapped = readFileSync("/proc/self/maps", "utf8")
    .split("\n")
    .filter((line) => /bpf-(map|ringbuf)|anon_inode:\[?perf/.test(line)).length;
  return { fds: readdirSync("/proc/self/fd").length, mapped, rss };
}

/** Lets finalizers run. */
async function settle() {
  for (let i = 0; i < 5; i++) {
    globalThis.gc?.();
    await pause(50);
  }
}

const ENDS = ["terminate", "terminate later", "error", "exit", "exit in a callback", "run out"];

async function workers(rounds) {
  let done = 0;
  for (let round = 0; round < rounds; round++) {
    await Promise.all(Array.from({ length: 10 }, (_, i) => oneWorker(ENDS[(round + i) % ENDS.length])));
    done += 10;
  }
  return `${done} workers`;
}

async function oneWorker(end) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { end, library }, stderr: true });
  const ended = new Promise((resolve) => {
    worker.once("exit", resolve);
  });
  worker.on("error", () => {});
  if (end === "terminate" || end === "terminate later") {
    if (end === "terminate later")
      await Promise.race([ended, new Promise((resolve) => worker.once("message", resolve))]);
    await pause(Math.random() * (end === "terminate" ? 60 : 10));
    await worker.terminate();
  }
  await ended;
}

async function endLike({ end, library }) {
  const { createMap, openRingBuffer, records } = await import(library);
  const { parentPort } = await import("node:worker_threads");
  const ring = createMap({ type: "ringbuf", maxEntries: 4096 });
  const other = createMap({ type: "ringbuf", maxEntries: 4096 });
  const reader = openRingBuffer(ring, () => {});
  reader.listen(() => {
    if (end === "exit in a callback") process.exit(1);
  });
  const stream = records(other);
  const waiting = (async () => {
    for await (const _ of stream);
  })();
  parentPort.postMessage("waiting");
  if (end === "error") throw new Error("uncaught");
  if (end === "exit") process.exit(2);
  if (end === "exit in a callback") reader.unref();
  if (end !== "run out") await pause(10_000);
  reader.close();
  stream.close();
  await waiting;
  ring.close();
  other.close();
}

async function churn(rounds) {
  const { createMap, openRingBuffer, records } = await import(library);
  for (let round = 0; round < 10 * rounds; round++) {
    const ring = createMap({ type: "ringbuf", maxEntries: 4096 });
    openRingBuffer(ring, () => {})
      .listen()
      .close();
    const stream = records(ring);
    const waiting = stream[Symbol.asyncIterator]().next();
    const array = createMap({ type: "array", value: "u64", maxEntries: 100, mmapable: true });
    array.memory().add(1, 1n);
    array.close();
    ring.close();
    await waiting;
  }
  return `${10 * rounds} rounds of maps, mappings, readers and streams`;
}
