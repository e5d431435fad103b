/**
 * Reads a full ring as `ring callback` does, but without copying the records out of the memory that is shared with the
 * kernel. The library never passes this memory to its callers. Prints nanoseconds per record. The difference to `ring
 * callback` is the cost of the library's copies.
 */
import { loadObject } from "bpfts";
import { mapMemory, pageSize } from "bpfts/sys";

const RUNS = 900;
const PER_RUN = 256;
const ROUNDS = 15;
const BUSY = 1 << 31;
const DISCARDED = 1 << 30;

using object = loadObject("test/bpf/events.bpf.o");
const stream = object.map("stream");
const emit = object.program("emit");
object.variable("amount").value = PER_RUN;
const dataIn = new Uint8Array(64);

const page = pageSize();
const size = stream.maxEntries;
using consumerPage = mapMemory(stream.fd, { length: page, writable: true });
using data = mapMemory(stream.fd, { length: page + 2 * size, offset: page });
const consumer = new BigInt64Array(consumerPage.buffer, 0, 1);
const producer = new BigInt64Array(data.buffer, 0, 1);
const words = new Int32Array(data.buffer, page, size / 2);
const view = new DataView(data.buffer, page, 2 * size);

let sum = 0;
let position = Number(Atomics.load(consumer, 0));

function read(): number {
  const end = Number(Atomics.load(producer, 0));
  let count = 0;
  while (position < end) {
    const at = position % size;
    const header = Atomics.load(words, at >>> 2);
    if ((header & BUSY) !== 0) break;
    const length = header & ~(BUSY | DISCARDED);
    if ((header & DISCARDED) === 0) {
      sum = (sum + view.getUint32(at + 8, true)) | 0;
      count++;
    }
    position += 8 + ((length + 7) & ~7);
    if (count % 256 === 0) Atomics.store(consumer, 0, BigInt(position));
  }
  Atomics.store(consumer, 0, BigInt(position));
  return count;
}

const times: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  emit.run({ dataIn, repeat: RUNS });
  const start = process.hrtime.bigint();
  const count = read();
  times.push(Number(process.hrtime.bigint() - start) / count);
  if (count !== RUNS * PER_RUN) throw new Error(`${count} records`);
}
if (sum === 0) throw new Error("nothing was read");
times.sort((a, b) => a - b);
console.log((times[times.length >> 1] as number).toFixed(2));
