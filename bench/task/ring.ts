/**
 * Fills a ring with records of eight u64 and reads it, several times. With `callback`, a callback gets the bytes of
 * each record. With `decoded`, it gets an object that is decoded by the BTF type. With `batches`, an async iterable
 * yields such objects. With `listen`, the callback gets them on the event loop, which runs other work every few
 * milliseconds. Prints nanoseconds per record.
 */
import { decoded, loadObject, openRingBuffer, records } from "bpfts";

const [how = "callback"] = process.argv.slice(2);
const RUNS = 900;
const PER_RUN = 256;
const ROUNDS = 15;

using object = loadObject("test/bpf/events.bpf.o");
const { stream } = object.maps;
const { emit } = object.programs;
const { amount, lost } = object.variables;
const { btf } = object.spec;
if (stream === undefined || emit === undefined || amount === undefined || btf === undefined) throw new Error("no ring");
amount.value = PER_RUN;
const dataIn = new Uint8Array(64);

interface Event {
  readonly number: bigint;
  readonly d: bigint;
}
let sum = 0;
/** Refers to each object, so that V8 cannot optimise the object away. */
let last: Event | undefined;

const times: number[] = [];
const as = { btf, type: "struct event" };
if (how === "listen") {
  let count = 0;
  let allCame: () => void = () => undefined;
  const reader = openRingBuffer(
    stream,
    decoded<Event>(as, (event) => {
      last = event;
      sum += event.d > event.number ? 1 : 0;
      count++;
    }),
  ).listen(() => {
    if (count === RUNS * PER_RUN) allCame();
  });
  for (let round = 0; round < ROUNDS; round++) {
    count = 0;
    emit.run({ dataIn, repeat: RUNS });
    const start = process.hrtime.bigint();
    await new Promise<void>((resolve) => {
      allCame = resolve;
    });
    times.push(Number(process.hrtime.bigint() - start) / count);
  }
  reader.close();
} else if (how !== "batches") {
  const reader = openRingBuffer(
    stream,
    how === "decoded"
      ? decoded<Event>(as, (event) => {
          last = event;
          sum += event.d > event.number ? 1 : 0;
        })
      : (view, offset) => {
          // `| 0` keeps the sum a small integer, so that this costs only an addition, as in the peer.
          sum = (sum + view.getUint32(offset, true)) | 0;
        },
  );
  for (let round = 0; round < ROUNDS; round++) {
    emit.run({ dataIn, repeat: RUNS });
    const start = process.hrtime.bigint();
    const count = reader.consume();
    times.push(Number(process.hrtime.bigint() - start) / count);
    if (count !== RUNS * PER_RUN) throw new Error(`${count} records`);
  }
  reader.close();
} else {
  const all = records<Event>(stream, { as });
  const batches = all.batches();
  for (let round = 0; round < ROUNDS; round++) {
    emit.run({ dataIn, repeat: RUNS });
    const start = process.hrtime.bigint();
    let count = 0;
    while (count < RUNS * PER_RUN) {
      const { value } = await batches.next();
      if (value === undefined) throw new Error("the records ended");
      for (const event of value) sum += event.d > event.number ? 1 : 0;
      count += value.length;
    }
    times.push(Number(process.hrtime.bigint() - start) / count);
  }
  all.close();
}
if (lost?.value !== 0n || sum === 0 || (how === "decoded" && last === undefined))
  throw new Error(`${lost?.value} lost`);
times.sort((a, b) => a - b);
console.log((times[times.length >> 1] as number).toFixed(2));
