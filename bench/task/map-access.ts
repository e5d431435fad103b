/** Calls `lookup` or `update` COUNT times on a `hash` or `array` of 1,024 u64 values. Prints nanoseconds per call. */
import { mapCreate, mapLookupElem, mapUpdateElem } from "bpfts/sys";
import { BpfMapType } from "bpfts/uapi";

const [operation, kind, count] = process.argv.slice(2) as [string, string, string];
const fd = mapCreate({
  map_type: kind === "array" ? BpfMapType.BPF_MAP_TYPE_ARRAY : BpfMapType.BPF_MAP_TYPE_HASH,
  key_size: 4,
  value_size: 8,
  max_entries: 1024,
});
const key = new Uint8Array(4);
const number = new DataView(key.buffer);
const value = new Uint8Array(8);
for (let i = 0; i < 1024; i++) {
  number.setUint32(0, i, true);
  mapUpdateElem(fd, key, value);
}

function loop(rounds: number): void {
  if (operation === "update") {
    for (let i = 0; i < rounds; i++) {
      number.setUint32(0, i & 1023, true);
      mapUpdateElem(fd, key, value);
    }
  } else {
    for (let i = 0; i < rounds; i++) {
      number.setUint32(0, i & 1023, true);
      if (!mapLookupElem(fd, key, value)) throw new Error(`no element ${i & 1023}`);
    }
  }
}

loop(100_000);
const rounds = Number(count);
const start = process.hrtime.bigint();
loop(rounds);
console.log((Number(process.hrtime.bigint() - start) / rounds).toFixed(1));
