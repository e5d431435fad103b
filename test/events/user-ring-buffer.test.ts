import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ClosedError, UsageError } from "../../src/errors/index.ts";
import { UserRingBuffer } from "../../src/events/index.ts";
import { type BpfObject, loadObject } from "../../src/load/index.ts";
import type { BpfMap } from "../../src/map/index.ts";
import { lacking } from "../support/feature.ts";

const skip = lacking("map:user_ringbuf");

function load(t: TestContext): { object: BpfObject; orders: BpfMap; drain: () => bigint } {
  const object = loadObject("test/bpf/maps-rings.bpf.o");
  t.after(() => object.close());
  const { orders } = object.maps;
  assert.ok(orders !== undefined);
  return {
    object,
    orders,
    drain: () => {
      object.programs.drain?.run({});
      return object.variables.received?.value as bigint;
    },
  };
}

test("what is submitted reaches the program, what is discarded does not", { skip }, (t) => {
  const { orders, drain } = load(t);
  using ring = new UserRingBuffer(orders);
  assert.ok(ring.write(Uint8Array.of(1, 2, 3, 4)));
  const kept = ring.reserve(12);
  const gone = ring.reserve(100);
  assert.ok(kept !== undefined && gone !== undefined);
  assert.equal(kept.bytes.length, 12);
  kept.bytes.fill(7);
  kept.submit();
  gone.discard();
  assert.throws(() => gone.submit(), /the record was already submitted or discarded$/);
  assert.equal(drain(), 2n);
  assert.equal(ring.available, orders.maxEntries);
});

test("the ring is written around its end many times over", { skip }, (t) => {
  const { orders, drain } = load(t);
  using ring = new UserRingBuffer(orders);
  let written = 0;
  for (let round = 0; round < 40; round++) {
    while (ring.write(new Uint8Array(100))) written++;
    assert.equal(drain(), BigInt(written));
  }
  assert.ok(written > 1000);
});

test("a record that cannot be copied does not block those after it", { skip }, (t) => {
  const { orders, drain } = load(t);
  using ring = new UserRingBuffer(orders);
  class Understated extends Uint8Array {
    override get length(): number {
      return 4;
    }
  }
  assert.throws(() => ring.write(new Understated(100)), RangeError);
  assert.equal(ring.write(new Uint8Array(100)), true);
  assert.equal(drain(), 1n);
});

test("a writer waits for room, and an abort ends the wait", { skip }, async (t) => {
  const { orders, drain } = load(t);
  using ring = new UserRingBuffer(orders);
  let written = 0n;
  while (ring.write(new Uint8Array(1000))) written++;
  assert.equal(ring.write(new Uint8Array(1000)), false);
  const late = ring.writeWhenRoom(new Uint8Array(1000));
  setTimeout(() => drain(), 10);
  await late;
  assert.equal(drain(), written + 1n);
  while (ring.write(new Uint8Array(1000))) written++;
  const abort = new AbortController();
  const never = ring.writeWhenRoom(new Uint8Array(1000), { signal: abort.signal });
  abort.abort(new Error("enough"));
  await assert.rejects(never, /enough/);
});

test("mistakes are named", { skip }, (t) => {
  const { object, orders } = load(t);
  assert.throws(() => new UserRingBuffer(object.maps.events as BpfMap), UsageError);
  const ring = new UserRingBuffer(orders);
  assert.throws(
    () => ring.reserve(5000),
    /a record of (5000|-1) bytes does not fit into the ring of 4096 bytes, even when the ring is empty$/,
  );
  assert.throws(
    () => ring.reserve(-1),
    /a record of (5000|-1) bytes does not fit into the ring of 4096 bytes, even when the ring is empty$/,
  );
  ring.close();
  assert.throws(() => ring.write(new Uint8Array(1)), ClosedError);
});
