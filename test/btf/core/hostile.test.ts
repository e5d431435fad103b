import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  applyCoreRelocation,
  Btf,
  BtfBuilder,
  type CoreRelocation,
  CoreRelocationKind,
  CoreRelocator,
  formatCoreRelocation,
  type NewBtfType,
} from "../../../src/btf/index.ts";
import { FormatError } from "../../../src/errors/index.ts";
import { assertBounded } from "../../support/bounded.ts";
import { int, member } from "../samples.ts";
import { readCoreObject } from "./objects.ts";

const K = CoreRelocationKind;

/** Resolves and patches; only FormatError may come out. */
function attempt(work: () => void): FormatError | undefined {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof FormatError, String(error));
    return error;
  }
  return undefined;
}

function resolveAll(local: Btf, main: Btf, relocations: readonly CoreRelocation[]): void {
  const relocator = new CoreRelocator(local, { main });
  attempt(() => relocator.prepare(relocations));
  for (const relocation of relocations) {
    attempt(() => void formatCoreRelocation(local, relocation));
    attempt(() => {
      const result = relocator.resolve(relocation);
      const instructions = new DataView(new ArrayBuffer(16));
      instructions.setUint8(0, 0xb7);
      applyCoreRelocation(instructions, 0, { ...result, validate: false }, local.little, "p");
    });
  }
}

/** A struct that `members` of itself make up, through whatever `wrap` makes of it. */
function recursive(wrap: (add: (type: NewBtfType) => number, self: number) => number, members: string[]): Btf {
  const builder = new BtfBuilder();
  const add = (type: NewBtfType): number => builder.append(type);
  const self = builder.reserve();
  const type = wrap(add, self);
  builder.set(self, { kind: "struct", name: "s", size: 8, members: members.map((name) => member(name, type, 0)) });
  return Btf.parse(builder.encode());
}

describe("hostile input", () => {
  test("any access string and kind", () => {
    const { btf } = readCoreObject("core-local");
    const target = readCoreObject("core-target").btf;
    const index = fc.oneof(
      fc.nat(8),
      fc.nat(2 ** 31),
      fc.constantFrom("", "-1", " 1", "+1", "0x1", "1e3", "99999999999"),
    );
    const accessString = fc.oneof(
      fc.array(index, { minLength: 1, maxLength: 8 }).map((indices) => indices.join(":")),
      fc.integer({ min: 60, max: 70 }).map((length) => Array(length).fill(0).join(":")),
      fc.string(),
    );
    const relocation = fc.record({
      slot: fc.constant(0),
      typeId: fc.nat(btf.endId),
      accessString,
      kind: fc.oneof(fc.nat(13), fc.nat(2 ** 32 - 1)),
    });
    fc.assert(fc.property(fc.array(relocation, { maxLength: 8 }), (list) => resolveAll(btf, target, list)));
  });

  for (const [name, side] of [
    ["core-local", "local"],
    ["core-local", "target"],
    ["core-target", "target"],
  ] as const) {
    test(`${name} with wrong bytes as the ${side} types`, () => {
      const local = readCoreObject("core-local");
      const relocations = local.relocations.map(({ relocation }) => relocation);
      const original = readCoreObject(name).btf.data;
      const change = fc.tuple(fc.nat(original.length - 1), fc.nat(255));
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
          const data = new Uint8Array(original);
          for (const [at, byte] of changes) data[at] = byte;
          attempt(() => {
            const btf = Btf.parse(data);
            resolveAll(side === "local" ? btf : local.btf, side === "target" ? btf : local.btf, relocations);
          });
        }),
        { numRuns: 300 },
      );
    });
  }

  test("access strings are bounded", () => {
    const btf = recursive((_, self) => self, ["a"]);
    const at = (length: number) => ({
      slot: 0,
      typeId: 1,
      accessString: Array(length).fill("0").join(":"),
      kind: K.BPF_CORE_FIELD_EXISTS,
    });
    assert.equal(new CoreRelocator(btf, { main: btf }).resolve(at(64)).value, 1n);
    assert.throws(() => new CoreRelocator(btf, { main: btf }).resolve(at(65)), /not an access string/);
    assert.throws(() => new CoreRelocator(btf, { main: btf }).resolve(at(1_000_000)), /not an access string/);
  });

  test("types that nest themselves end", () => {
    const anonymous = recursive((_, self) => self, Array(20).fill(""));
    const named = recursive(
      (_, self) => self,
      Array.from({ length: 20 }, (_, i) => `m${i}`),
    );
    const arrays = recursive(
      (add) => {
        const array = add({ kind: "array", name: "", type: 2, indexType: 2, length: 1 });
        return array;
      },
      ["a"],
    );
    const builder = new BtfBuilder();
    builder.append({ kind: "struct", name: "s", size: 8, members: [member("a", 3, 0), member("sought", 2, 0)] });
    builder.append(int("u32", 4));
    builder.append({ kind: "typedef", name: "t", type: 4 });
    builder.append({ kind: "const", name: "", type: 3 });
    const typedefs = Btf.parse(builder.encode());
    const functions = recursive(
      (add, self) =>
        add({
          kind: "func_proto",
          name: "",
          returns: self + 1,
          params: Array.from({ length: 20 }, () => ({ name: "", type: self + 1 })),
        }),
      ["a"],
    );
    const relocations: CoreRelocation[] = Object.values(K).flatMap((kind) =>
      [1, 2, 3].flatMap((typeId) =>
        ["0", "0:0", "0:1", "0:0:0"].map((accessString) => ({ slot: 0, typeId, accessString, kind })),
      ),
    );
    const all = [anonymous, named, arrays, typedefs, functions];
    for (const local of all) {
      for (const main of all) {
        assertBounded("resolving", 3000, () =>
          resolveAll(
            local,
            main,
            relocations.filter(({ typeId }) => typeId < local.endId),
          ),
        );
      }
    }
    const sought = { slot: 0, typeId: 1, accessString: "0:1", kind: K.BPF_CORE_FIELD_EXISTS };
    assert.throws(() => new CoreRelocator(typedefs, { main: anonymous }).resolve(sought), FormatError);
    const match = { slot: 0, typeId: 1, accessString: "0", kind: K.BPF_CORE_TYPE_MATCHES };
    assert.throws(() => new CoreRelocator(named, { main: named }).resolve(match), FormatError);
  });
});
