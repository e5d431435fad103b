/**
 * Uses a hash with COUNT elements, from u32 keys to u64 values. `lookup` and `update` use batches of 4,096 elements.
 * `walk` iterates over the map and decodes all elements. Runs ROUNDS times. Prints nanoseconds per element.
 */
import { BatchCursor, createMap } from "bpfts";

const BATCH = 4096;
const [operation, total, times] = process.argv.slice(2) as [string, string, string];
const count = Number(total);
const rounds = Number(times);
using map = createMap<number, bigint>({ type: "hash", key: "u32", value: "u64", maxEntries: count });
const keys = new Uint8Array(Uint32Array.from({ length: count }, (_, i) => i).buffer);
const values = new Uint8Array(8 * count);
const someKeys = new Uint8Array(4 * BATCH);
const someValues = new Uint8Array(8 * BATCH);

function update(): number {
  let done = 0;
  for (; done < count; done += BATCH) {
    const end = Math.min(count, done + BATCH);
    map.updateBatch(keys.subarray(4 * done, 4 * end), values.subarray(8 * done, 8 * end));
  }
  return count;
}

function lookup(): number {
  const cursor = new BatchCursor(map);
  let seen = 0;
  while (!cursor.done) seen += map.lookupBatch(cursor, someKeys, someValues);
  return seen;
}

function walk(): number {
  let seen = 0;
  let sum = 0n;
  for (const [, value] of map) {
    seen++;
    sum += value;
  }
  return sum === 0n ? seen : -1;
}

const run = { update, lookup, walk }[operation] ?? lookup;
update();
run();
const start = process.hrtime.bigint();
for (let i = 0; i < rounds; i++) if (run() !== count) throw new Error("not all elements");
console.log((Number(process.hrtime.bigint() - start) / rounds / count).toFixed(1));
