import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Btf, BtfBuilder, compileReader, compileWriter, type TypeId } from "../../src/btf/index.ts";
import { int, member } from "./samples.ts";

/** A type to build, how many bytes it takes, and its values. */
interface Plan {
  readonly size: number;
  readonly add: (b: BtfBuilder) => TypeId;
  readonly values: fc.Arbitrary<unknown>;
}

const integer = (bits: number, signed: boolean): fc.Arbitrary<unknown> => {
  const low = signed ? -(1n << BigInt(bits - 1)) : 0n;
  const high = (1n << BigInt(signed ? bits - 1 : bits)) - 1n;
  const any = fc.bigInt({ min: low, max: high });
  return bits <= 32 ? any.map(Number) : any;
};
const text = (length: number): fc.Arbitrary<unknown> =>
  fc.string({ unit: "binary", maxLength: length }).map((s) => {
    let cut = s.replaceAll("\0", "");
    while (Buffer.byteLength(cut) > length) cut = [...cut].slice(0, -1).join("");
    return cut;
  });

const leaf: fc.Arbitrary<Plan> = fc.oneof(
  fc.tuple(fc.constantFrom(1, 2, 4, 8, 16), fc.boolean()).map(([size, signed]): Plan => {
    const add = (b: BtfBuilder) => b.add(int("number", size, { signed }));
    return { size, add, values: integer(8 * size, signed) };
  }),
  fc.constant<Plan>({ size: 1, add: (b) => b.add(int("_Bool", 1, { bool: true })), values: fc.boolean() }),
  fc.constant<Plan>({ size: 8, add: (b) => b.add({ kind: "ptr", name: "", type: 0 }), values: integer(64, false) }),
  fc.constant<Plan>({
    size: 4,
    add: (b) => b.add({ kind: "float", name: "float", size: 4 }),
    values: fc.float({ noNaN: true }),
  }),
  fc.constant<Plan>({
    size: 8,
    add: (b) => b.add({ kind: "float", name: "double", size: 8 }),
    values: fc.double({ noNaN: true }),
  }),
  fc.constant<Plan>({
    size: 16,
    add: (b) => b.add({ kind: "float", name: "long double", size: 16 }),
    values: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  }),
  fc.constantFrom(1, 2, 4).map((size): Plan => {
    const add = (b: BtfBuilder) =>
      b.add({ kind: "enum", name: "e", size, signed: true, values: [{ name: "A", value: 1 }] });
    return { size, add, values: integer(8 * size, true) };
  }),
  fc.constant<Plan>({
    size: 8,
    add: (b) => b.add({ kind: "enum64", name: "w", size: 8, signed: false, values: [] }),
    values: integer(64, false),
  }),
  fc.nat(20).map((length): Plan => {
    const add = (b: BtfBuilder) => {
      const type = b.add(int("char", 1, { signed: true }));
      return b.add({ kind: "array", name: "", type, indexType: type, length });
    };
    return { size: length, add, values: text(length) };
  }),
);

const wrap = (inner: fc.Arbitrary<Plan>): fc.Arbitrary<Plan> =>
  fc.oneof(
    fc
      .tuple(fc.constantFrom("typedef" as const, "const" as const, "volatile" as const), inner)
      .map(([kind, plan]): Plan => ({ ...plan, add: (b) => b.add({ kind, name: "t", type: plan.add(b) }) })),
    fc.tuple(inner, fc.nat(3)).map(([plan, length]): Plan => {
      const add = (b: BtfBuilder) => b.add({ kind: "array", name: "", type: plan.add(b), indexType: 0, length });
      const values = fc.array(plan.values, { minLength: length, maxLength: length });
      return { size: length * plan.size, add, values };
    }),
    fc.array(inner, { maxLength: 4 }).map(structOf),
    fc.array(fc.tuple(fc.integer({ min: 1, max: 64 }), fc.boolean()), { minLength: 1, maxLength: 6 }).map(bitfieldsOf),
  );

function structOf(plans: readonly Plan[]): Plan {
  let size = 0;
  const offsets = plans.map((plan) => {
    const at = size;
    size += plan.size + 1;
    return at;
  });
  return {
    size,
    add: (b) => {
      const members = plans.map((plan, i) => member(`m${i}`, plan.add(b), 8 * (offsets[i] as number)));
      return b.add({ kind: "struct", name: "s", size, members });
    },
    values: record(plans.map((plan) => plan.values)),
  };
}

function bitfieldsOf(fields: readonly (readonly [number, boolean])[]): Plan {
  const total = fields.reduce((sum, [bits]) => sum + bits, 0);
  const size = Math.ceil(total / 8);
  return {
    size,
    add: (b) => {
      let at = 0;
      const members = fields.map(([bits, signed], i) => {
        const result = member(`m${i}`, b.add(int("long", 8, { signed })), at, bits);
        at += bits;
        return result;
      });
      return b.add({ kind: "struct", name: "b", size, members });
    },
    values: record(fields.map(([bits, signed]) => integer(bits, signed))),
  };
}

function record(values: readonly fc.Arbitrary<unknown>[]): fc.Arbitrary<unknown> {
  return fc.tuple(...values).map((list) => Object.fromEntries(list.map((value, i) => [`m${i}`, value])));
}

test("a value of any type is the same after writing and reading, in both byte orders", () => {
  const plans = wrap(wrap(fc.oneof(leaf, wrap(leaf))));
  const cases = plans.chain((plan) => fc.tuple(fc.constant(plan), plan.values, fc.boolean(), fc.nat(9)));
  fc.assert(
    fc.property(cases, ([plan, value, little, at]) => {
      const b = new BtfBuilder({ little });
      const id = plan.add(b);
      const btf = Btf.parse(b.encode());
      assert.equal(btf.sizeOf(id), plan.size);
      const view = new DataView(new Uint8Array(plan.size + 20).fill(0xaa).buffer);
      compileWriter(btf, id)(view, at, value);
      assert.deepEqual(compileReader(btf, id)(view, at), value);
      // The bytes around it are untouched.
      for (let i = 0; i < view.byteLength; i++) {
        if (i < at || i >= at + plan.size) assert.equal(view.getUint8(i), 0xaa);
      }
    }),
    { numRuns: 1500 },
  );
});
