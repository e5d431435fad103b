import { createMap } from "bpfts";

/** The name of the map to dump. It contains the process id, so that no other run has a map of this name. */
export const DUMPED: string = `bench${process.pid}`;

/** Runs `measure` while there is a hash of 100,000 elements, with or without types. */
export function withHash(typed: boolean, measure: () => void): void {
  const count = 100_000;
  const options = { type: "hash", name: DUMPED, maxEntries: count };
  if (typed) {
    using map = createMap({ ...options, key: "u32", value: { packets: "u64", port: "u32", name: "char[8]" } });
    map.setMany(elements(count, (i) => ({ packets: BigInt(i) << 20n, port: i & 0xffff, name: `n${i}` })));
    measure();
  } else {
    using map = createMap({ ...options, keySize: 4, valueSize: 8 });
    map.setMany(elements(count, (i) => Uint8Array.of(i, i >> 8, i >> 16, 1, 2, 3, 4, 5)));
    measure();
  }
}

function* elements<V>(count: number, value: (i: number) => V): Generator<[number, V]> {
  for (let i = 0; i < count; i++) yield [i, value(i)];
}
