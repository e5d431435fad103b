// Values of any type are the same after the kernel had them: element by element, in batches, in mapped memory.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type CType, createMap } from "../../src/map/index.ts";
import { rounds } from "../support/emulation.ts";

interface Plan {
  readonly type: CType;
  readonly values: fc.Arbitrary<unknown>;
}

const integer = (bits: number, signed: boolean): fc.Arbitrary<unknown> => {
  const low = signed ? -(1n << BigInt(bits - 1)) : 0n;
  const any = fc.bigInt({ min: low, max: low + (1n << BigInt(bits)) - 1n });
  return bits <= 32 ? any.map(Number) : any;
};
const text = (length: number): fc.Arbitrary<unknown> =>
  fc.string({ maxLength: length, unit: "grapheme-ascii" }).map((s) => s.replaceAll("\0", ""));

const scalar: fc.Arbitrary<Plan> = fc.oneof(
  fc
    .tuple(fc.constantFrom(8, 16, 32, 64, 128), fc.boolean())
    .map(([bits, signed]): Plan => ({ type: `${signed ? "s" : "u"}${bits}`, values: integer(bits, signed) })),
  fc.constant<Plan>({ type: "bool", values: fc.boolean() }),
  fc.constant<Plan>({ type: "float", values: fc.float({ noNaN: true }) }),
  fc.constant<Plan>({ type: "double", values: fc.double({ noNaN: true }) }),
);
const array: fc.Arbitrary<Plan> = fc.oneof(
  fc.integer({ min: 1, max: 40 }).map((length): Plan => ({ type: `char[${length}]`, values: text(length) })),
  fc.tuple(scalar, fc.integer({ min: 1, max: 5 })).map(
    ([{ type, values }, length]): Plan => ({
      type: `${type}[${length}]`,
      values: fc.array(values, { minLength: length, maxLength: length }),
    }),
  ),
);
const struct = (member: fc.Arbitrary<Plan>): fc.Arbitrary<Plan> =>
  fc.array(member, { minLength: 1, maxLength: 5 }).map(
    (members): Plan => ({
      type: Object.fromEntries(members.map(({ type }, i) => [`m${i}`, type])),
      values: fc
        .tuple(...members.map(({ values }) => values))
        .map((list) => Object.fromEntries(list.map((value, i) => [`m${i}`, value]))),
    }),
  );
const leaf = fc.oneof(scalar, array);
const any = fc.oneof(leaf, struct(fc.oneof(leaf, struct(leaf))));

test("values of any type survive a hash, a batch and a mapped array", () => {
  const cases = fc
    .tuple(any, any)
    .chain(([key, value]) =>
      fc.tuple(fc.constant(key.type), key.values, fc.constant(value.type), value.values, value.values),
    );
  fc.assert(
    fc.property(cases, ([keyType, key, valueType, one, two]) => {
      using hash = createMap({ type: "hash", key: keyType, value: valueType, maxEntries: 4 });
      assert.deepEqual(hash.set(key, one).get(key), one);
      assert.deepEqual([...hash], [[key, one]]);
      hash.setMany([[key, two]]);
      assert.deepEqual([...hash.values()], [two]);
      using array = createMap({ type: "array", value: valueType, maxEntries: 3, mmapable: true });
      array.memory().set(1, one);
      assert.deepEqual(array.get(1), one);
      array.set(2, two);
      assert.deepEqual(array.memory().get(2), two);
      assert.deepEqual(array.memory().get(1), one);
    }),
    { numRuns: rounds(150) },
  );
});
