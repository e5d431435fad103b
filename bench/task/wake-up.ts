/** How long after a record was written its reader, which waits on the event loop, gets it. Prints the median in nanoseconds. */
import { spawn } from "node:child_process";
import { loadObject, openRingBuffer } from "bpfts";

const COUNT = 600;
/** The first ones find cold code. */
const WARM_UP = 100;

// Open until the last record came: not `using`, which closes it at the end of these lines.
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
