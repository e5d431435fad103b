/**
 * Measures the time from the writing of a record until a reader that waits on the event loop gets it. Prints the median
 * in nanoseconds.
 */
import { spawn } from "node:child_process";
import { loadObject, openRingBuffer } from "bpfts";

const COUNT = 600;
/** The first records do not count, because V8 has not compiled the code yet. */
const WARM_UP = 100;

// Without `using`, because the object must stay open until the last record has arrived.
const object = loadObject("test/bpf/events.bpf.o");
const { stream } = object.maps;
const { emit } = object.programs;
if (stream === undefined || emit === undefined) throw new Error("no ring");
const delays: number[] = [];
const reader = openRingBuffer(stream, (view, offset) => {
  // bpf_ktime_get_ns() and hrtime() read the same clock.
  delays.push(Number(process.hrtime.bigint() - view.getBigUint64(offset + 8, true)));
  if (delays.length === COUNT) finish();
}).listen();
const producer = new URL("ring-producer.js", import.meta.url).pathname;
spawn(process.execPath, [producer, String(emit.id), "1", String(COUNT), "2"], { stdio: "inherit" }).on(
  "exit",
  (code) => {
    if (code !== 0) process.exit(1);
  },
);

function finish(): void {
  reader.close();
  object.close();
  const sorted = delays.slice(WARM_UP).sort((a, b) => a - b);
  console.log(String(sorted[sorted.length >> 1]));
}
