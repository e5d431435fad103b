/**
 * Measures operations with decoded values: `get` and `set` on a hash of u64, reading a `global` variable of a loaded
 * object, reading an element in the `memory` of an array, and the atomic `add` to it. Prints nanoseconds per operation.
 */
import { createMap, loadObject } from "bpfts";

const [what, times] = process.argv.slice(2) as [string, string];
const rounds = Number(times);
using hash = createMap<number, bigint>({ type: "hash", key: "u32", value: "u64", maxEntries: 1024 });
hash.setMany(Array.from({ length: 1024 }, (_, i) => [i, BigInt(i)]));
using array = createMap<number, bigint>({ type: "array", value: "u64", maxEntries: 1024, mmapable: true });
using object = loadObject("test/bpf/counter.bpf.o");
const memory = array.memory();
const seen = object.variables.packets_seen;
if (seen === undefined) throw new Error("counter.bpf.o has no packets_seen");

const loops: Record<string, (count: number) => void> = {
  get(count) {
    for (let i = 0; i < count; i++) if (hash.get(i & 1023) !== BigInt(i & 1023)) throw new Error("another value");
  },
  set(count) {
    for (let i = 0; i < count; i++) hash.set(i & 1023, 5n);
  },
  global(count) {
    for (let i = 0; i < count; i++) if (seen.value !== 0n) throw new Error("another value");
  },
  memory(count) {
    for (let i = 0; i < count; i++) if (memory.get(i & 1023) !== 0n) throw new Error("another value");
  },
  add(count) {
    for (let i = 0; i < count; i++) memory.add(i & 1023, 1n);
  },
};
const loop = loops[what];
if (loop === undefined) throw new Error(`no loop ${what}`);
loop(100_000);
const start = process.hrtime.bigint();
loop(rounds);
console.log((Number(process.hrtime.bigint() - start) / rounds).toFixed(1));
