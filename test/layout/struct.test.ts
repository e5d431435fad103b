import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  array,
  bytes,
  chars,
  i32,
  i64,
  type StructValue,
  struct,
  u8,
  u16,
  u32,
  u64,
  usize,
} from "../../src/layout/index.ts";

const Mixed = struct({
  a: u8,
  b: u32,
  c: u16,
  d: u64,
  name: chars(5),
  tail: bytes(3),
  size: usize,
  list: array(u16, 3),
  e: i32,
  f: i64,
});

test("offsets, size and alignment follow the C ABI", () => {
  // offsetof() and sizeof() of the same struct, as gcc on x86-64 says.
  assert.deepEqual(
    { ...Mixed.offsets },
    { a: 0, b: 4, c: 8, d: 16, name: 24, tail: 29, size: 32, list: 40, e: 48, f: 56 },
  );
  assert.equal(Mixed.size, 64);
  assert.equal(Mixed.align, 8);
  assert.equal(struct({ a: u8, b: u16 }).size, 4);
  assert.equal(struct({ a: u32 }, { size: 16 }).size, 16);
});

const anyMixed = fc.record<StructValue<typeof Mixed.fields>>(
  {
    a: fc.nat(0xff),
    b: fc.nat(0xffffffff),
    c: fc.nat(0xffff),
    d: fc.bigInt(0n, 2n ** 64n - 1n),
    name: fc.string({ maxLength: 4, unit: fc.constantFrom("a", "z", "_", "0") }),
    tail: fc.uint8Array({ minLength: 3, maxLength: 3 }),
    size: fc.nat(Number.MAX_SAFE_INTEGER),
    list: fc.array(fc.nat(0xffff), { minLength: 3, maxLength: 3 }),
    e: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    f: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  },
  { noNullPrototype: true },
);

test("what is written is read again, in both byte orders", () => {
  fc.assert(
    fc.property(anyMixed, fc.boolean(), (value, little) => {
      const view = new DataView(new ArrayBuffer(Mixed.size + 8));
      Mixed.write(view, 8, value, little);
      assert.deepEqual(Mixed.read(view, 8, little), value);
    }),
  );
});

test("a view decodes a field when it is read, and sees later writes", () => {
  const buffer = Mixed.alloc({ b: 7 });
  const view = Mixed.view(buffer);
  assert.equal(view.b, 7);
  buffer.setUint32(Mixed.offsets.b, 8, true);
  assert.equal(view.b, 8);
});

test("a field past the length that the kernel filled is absent", () => {
  const buffer = Mixed.alloc({ a: 1, b: 2, c: 3, d: 4n });
  const view = Mixed.partial(buffer, 10);
  assert.deepEqual([view.a, view.b, view.c, view.d], [1, 2, 3, undefined]);
});

test("what does not fit is refused, not cut", () => {
  const view = new DataView(new ArrayBuffer(16));
  assert.throws(() => chars(4).write(view, 0, "four"), RangeError);
  assert.throws(() => bytes(2).write(view, 0, new Uint8Array(3)), RangeError);
  assert.throws(() => array(u8, 2).write(view, 0, [1, 2, 3]), RangeError);
  for (const size of [-1, 1.5, 2 ** 53]) assert.throws(() => usize.write(view, 0, size), RangeError);
  view.setBigUint64(0, 2n ** 53n, true);
  assert.throws(() => usize.read(view, 0), /above 2\^53-1/);
  assert.throws(() => Mixed.fill(Mixed.alloc(), 0, { nope: 1 } as never), /no field nope/);
});
