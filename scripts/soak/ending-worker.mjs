// A worker thread of workers.mjs. Waits on two rings, and ends in the way that `end` names.
import { setTimeout as pause } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { createMap, openRingBuffer, records } from "../../dist/index.js";

const { end } = workerData;
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
