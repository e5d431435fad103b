// Runs worker threads, ten at a time, that wait on rings. They end in all possible ways while they wait.
import { setTimeout as pause } from "node:timers/promises";
import { Worker } from "node:worker_threads";

const ENDS = ["terminate", "terminate later", "error", "exit", "exit in a callback", "run out"];
const AT_A_TIME = 10;

/**
 * koffi 3.3 frees nothing of what it has for a worker: three mappings with 3 MB of addresses, of which some 35 kB are
 * used. A round may leave so much, and no more.
 */
const leftByKoffi = { mappings: 3 * AT_A_TIME, megabytes: 0.06 * AT_A_TIME };

export const workers = { usualRounds: 200, run, mayLeave: leftByKoffi };

async function run({ more }) {
  const ended = Object.fromEntries(ENDS.map((end) => [end, 0]));
  let round = 0;
  do {
    const ends = Array.from({ length: AT_A_TIME }, (_, i) => ENDS[(round + i) % ENDS.length]);
    await Promise.all(ends.map(endOneWorker));
    for (const end of ends) ended[end]++;
    round++;
  } while (more());
  const ways = Object.entries(ended).map(([end, count]) => `${end} ${count}`);
  return { figures: [`${round * AT_A_TIME} workers ended (${ways.join(", ")})`, process.version], faults: [] };
}

async function endOneWorker(end) {
  const worker = new Worker(new URL("ending-worker.mjs", import.meta.url), { workerData: { end }, stderr: true });
  const ended = new Promise((resolve) => worker.once("exit", resolve));
  worker.on("error", () => {});
  if (end === "terminate" || end === "terminate later") {
    // "terminate": while the thread starts, at a random moment. "terminate later": after it has begun to wait.
    if (end === "terminate later")
      await Promise.race([ended, new Promise((resolve) => worker.once("message", resolve))]);
    await pause(Math.random() * (end === "terminate" ? 60 : 10));
    await worker.terminate();
  }
  await ended;
}
