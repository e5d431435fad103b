import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Btf, BtfBuilder, compileReader, compileWriter, type NewBtfType, type TypeId } from "../../../src/btf/index.ts";
import { int, member } from "../samples.ts";

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
      .tuple(fc.constantFrom("typedef", "const", "volatile", "restrict", "type_tag" as const), inner)
      .map(([kind, plan]): Plan => ({ ...plan, add: (b) => b.add(modified(kind, plan.add(b))) })),
    fc.tuple(inner, fc.nat(3)).map(([plan, length]): Plan => {
      const add = (b: BtfBuilder) => b.add({ kind: "array", name: "", type: plan.add(b), indexType: 0, length });
      const values = fc.array(plan.values, { minLength: length, maxLength: length });
      return { size: length * plan.size, add, values };
    }),
    fc.array(inner, { maxLength: 4 }).map(structOf),
    fc.array(inner, { minLength: 1, maxLength: 3 }).chain(unionOf),
    fc.array(fc.tuple(fc.integer({ min: 1, max: 64 }), fc.boolean()), { minLength: 1, maxLength: 6 }).map(bitfieldsOf),
  );

function modified(kind: "typedef" | "const" | "volatile" | "restrict" | "type_tag", type: TypeId): NewBtfType {
  return kind === "type_tag" ? { kind, name: "t", type, attribute: false } : { kind, name: "t", type };
}

/** Of a union one member is written; it reads as that, and the others as what its bytes mean to them. */
function unionOf(plans: readonly Plan[]): fc.Arbitrary<Plan> {
  const size = Math.max(...plans.map((plan) => plan.size));
  // The members share the first one's type, so that they read alike.
  const plan = plans[0] as Plan;
  const names = plans.map((_, i) => `u${i}`);
  return fc.constant({
    size,
    add: (b) => {
      const type = plan.add(b);
      return b.add({ kind: "union", name: "u", size, members: names.map((name) => member(name, type, 0)) });
    },
    values: plan.values.map((value) => Object.fromEntries(names.map((name) => [name, value]))),
  });
}

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

test("a section's variables are the same after writing and reading, each in its place", () => {
  const cases = fc
    .array(fc.oneof(leaf, wrap(leaf)), { minLength: 1, maxLength: 5 })
    .chain((plans) => fc.tuple(fc.constant(plans), fc.tuple(...plans.map(({ values }) => values))));
  fc.assert(
    fc.property(cases, ([plans, values]) => {
      const b = new BtfBuilder();
      let size = 0;
      const variables = plans.map((plan, i) => {
        const type = b.add({ kind: "var", name: `v${i}`, type: plan.add(b), linkage: "global" });
        const offset = size;
        size += plan.size;
        return { type, offset, size: plan.size };
      });
      const id = b.add({ kind: "datasec", name: ".data", size, variables });
      const btf = Btf.parse(b.encode());
      const view = new DataView(new ArrayBuffer(size));
      const value = Object.fromEntries(values.map((one, i) => [`v${i}`, one]));
      compileWriter(btf, id)(view, 0, value);
      assert.deepEqual(compileReader(btf, id)(view, 0), value);
      for (const [i, { type, offset }] of variables.entries()) {
        assert.deepEqual(compileReader(btf, type)(view, offset), values[i]);
      }
    }),
    { numRuns: 300 },
  );
});
