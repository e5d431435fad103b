/**
 * Reads a ring while another process writes to it: `npm run bench:live [MILLIONS]`. The first reader is fast enough,
 * the second one is too slow. Checks that each record was either read, in order, or counted as lost by the program that
 * writes.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { loadObject, openRingBuffer } from "bpfts";

const PER_RUN = 256;
const REPEAT = 1000;

async function run(name: string, records: number, delay: (count: number) => void): Promise<void> {
  using object = loadObject("test/bpf/events.bpf.o");
  const { stream } = object.maps;
  const { emit } = object.programs;
  const { amount, lost, next_number } = object.variables;
  if (!(stream && emit && amount && lost && next_number))
    throw new Error("events.bpf.o does not have the expected maps, programs and variables");
  amount.value = PER_RUN;
  let read = 0;
  let gaps = 0;
  let next = 0;
  using reader = openRingBuffer(stream, (view, offset) => {
    // The numbers are below 2^32 here, so read only the lower half.
    const number = view.getUint32(offset, true);
    if (number < next) throw new Error(`record ${number} was read after record ${next - 1}`);
    gaps += number - next;
    next = number + 1;
    read++;
    delay(read);
  }).listen();
  const rounds = Math.ceil(records / (PER_RUN * REPEAT));
  const producer = new URL("task/ring-producer.js", import.meta.url).pathname;
  const start = process.hrtime.bigint();
  const child = spawn(process.execPath, [producer, String(emit.id), String(REPEAT), String(rounds), "0"], {
    stdio: "inherit",
  });
  await once(child, "exit");
  reader.consume();
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const written = Number(next_number.value);
  const unwritten = Number(lost.value);
  // Records that were lost after the last read record are not counted in `gaps`.
  const tail = written - next;
  if (read + unwritten !== written || gaps + tail !== unwritten) {
    throw new Error(`${name}: of ${written} records ${read} were read, ${unwritten} lost, ${gaps + tail} missing`);
  }
  const rate = (read / seconds / 1e6).toFixed(1);
  console.log(`${name}: ${written} records, ${read} read, ${unwritten} lost and counted, ${rate} million a second`);
}

const millions = Number(process.argv[2] ?? 100);
await run("the reader keeps up", millions * 1e6, () => {});
const clock = new Int32Array(new SharedArrayBuffer(4));
await run("the reader is slow", (millions * 1e6) / 10, (count) => {
  if (count % 100_000 === 0) Atomics.wait(clock, 0, 0, 100);
});
