// Opens and closes an object of each kind again and again, in one process.
import { readFileSync } from "node:fs";
import {
  autoAttach,
  createMap,
  describeLinks,
  describeMaps,
  describePrograms,
  loadObject,
  openMap,
  openProgram,
  openRingBuffer,
  records,
  VerifierError,
  watchMap,
} from "../../dist/index.js";

const fileOf = (name) => readFileSync(new URL(`../../test/bpf/${name}.bpf.o`, import.meta.url));
const COUNTER = fileOf("counter");
const EVENTS = fileOf("events");
const BROKEN = fileOf("verifier-bounds");

export const leaks = { usualMinutes: 1, run };

async function run({ more, made }) {
  let rounds = 0;
  do {
    await mapsAndReaders();
    objectsAndLinks(made);
    await events(made);
    for (const list of [describePrograms, describeMaps, describeLinks]) for (const _ of list()) break;
    rounds++;
  } while (more());
  return { figures: [`${rounds} rounds of objects, maps, mappings, readers, streams and links`], faults: [] };
}

async function mapsAndReaders() {
  const ring = createMap({ type: "ringbuf", maxEntries: 4096 });
  openRingBuffer(ring, () => {})
    .listen()
    .close();
  const next = records(ring)[Symbol.asyncIterator]().next();
  const array = createMap({ type: "array", value: "u64", maxEntries: 100, mmapable: true });
  array.memory().add(1, 1n);
  array.close();
  // Closing the map must end the iteration that waits for its records.
  ring.close();
  await next;
  const hash = createMap({ type: "hash", key: "u32", value: "u64", maxEntries: 64 });
  hash.setMany(Array.from({ length: 32 }, (_, i) => [i, BigInt(i)]));
  for (const _ of hash) break;
  const changes = watchMap(hash, { interval: 100_000 });
  const change = changes.next();
  await changes.return();
  await change;
  openMap({ id: hash.id }).close();
  hash.close();
}

function objectsAndLinks(made) {
  const object = loadObject(COUNTER);
  const attached = autoAttach(object);
  made.add(object, Object.values(attached.links));
  for (const program of Object.values(object.programs)) openProgram({ id: program.id }).close();
  attached.close();
  object.close();
  let refused;
  try {
    loadObject(BROKEN).close();
  } catch (error) {
    refused = error;
  }
  if (!(refused instanceof VerifierError))
    throw new Error("the verifier should refuse this object", { cause: refused });
}

async function events(made) {
  const object = loadObject(EVENTS);
  made.add(object);
  const { stream } = object.maps;
  object.variables.amount.value = 100;
  object.programs.emit.run({ dataIn: new Uint8Array(64) });
  let count = 0;
  for await (const _ of records(stream)) if (++count === 100) break;
  object.close();
}
