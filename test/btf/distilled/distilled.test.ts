import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  Btf,
  BtfBuilder,
  distillBase,
  formatC,
  formatRaw,
  relocateToBase,
  type TypeId,
} from "../../../src/btf/index.ts";
import { FormatError, UsageError } from "../../../src/errors/index.ts";
import { blobOf, int, member } from "../samples.ts";

const INT = int("int", 4, { signed: true });

interface Kernel {
  readonly btf: Btf;
  readonly int: TypeId;
  readonly list: TypeId;
  readonly task: TypeId;
  readonly pointer: TypeId;
  readonly anonymous: TypeId;
  readonly state: TypeId;
  readonly later: TypeId;
}

/** A kernel's types: `int`, `struct list`, `struct task` of a size, and others. `before` adds types with lower ids. */
function kernel(options: { taskSize?: number; listSize?: number; little?: boolean; before?: string[] } = {}): Kernel {
  const { taskSize = 8, listSize = 8, little = true, before = [] } = options;
  const b = new BtfBuilder({ little });
  for (const name of before) b.append(int(name, 2));
  const number = b.append(INT);
  const list = b.append({ kind: "struct", name: "list", size: listSize, members: [member("a", number)] });
  const task = b.append({ kind: "struct", name: "task", size: taskSize, members: [member("in_list", list)] });
  const pointer = b.append({ kind: "ptr", name: "", type: task });
  const anonymous = b.append({ kind: "union", name: "", size: 4, members: [member("value", number)] });
  const values = [{ name: "RUNS", value: 1n }];
  const state = b.append({ kind: "enum64", name: "state", size: 8, signed: false, values });
  const later = b.append({ kind: "fwd", name: "later", union: false });
  b.append({ kind: "struct", name: "not_needed", size: 4, members: [member("z", number)] });
  const btf = Btf.parse(b.encode(), { source: "vmlinux" });
  return { btf, int: number, list, task, pointer, anonymous, state, later };
}

/** A module's types on a kernel's. */
function moduleOn({ btf: base, ...ids }: Kernel): Btf {
  const b = new BtfBuilder({ base });
  const lists = b.append({ kind: "array", name: "", type: ids.list, indexType: ids.int, length: 2 });
  const toLater = b.append({ kind: "ptr", name: "", type: ids.later });
  b.append({
    kind: "struct",
    name: "device",
    size: 48,
    members: [
      member("lists", lists),
      member("task", ids.pointer, 128),
      member("", ids.anonymous, 192),
      member("state", ids.state, 256),
      member("later", toLater, 320),
    ],
  });
  return Btf.parse(b.encode(), { source: "module", base });
}

const kinds = (btf: Btf): string[] => [...btf.ids()].map((id) => `${btf.type(id).kind} ${btf.name(id)}`.trim());

function roundTrip(from: Kernel, to: Kernel): Btf {
  return relocateToBase(distillBase(moduleOn(from)), to.btf);
}

describe("distilled base BTF", () => {
  for (const little of [true, false]) {
    test(`holds the needed named types, without members, ${little ? "little" : "big"}-endian`, () => {
      const distilled = distillBase(moduleOn(kernel({ little })));
      const { base } = distilled;
      assert.ok(base);
      assert.deepEqual(kinds(base), ["int int", "struct list", "struct task", "enum state", "fwd later"]);
      assert.deepEqual([base.little, distilled.little], [little, little]);
      assert.equal(base.type(2).kind === "struct" && base.sizeOf(2), 8);
      // A pointer and an anonymous union of the kernel become types of the module.
      assert.deepEqual(kinds(distilled), ["array", "ptr", "struct device", "ptr", "union"]);
    });
  }

  test("a module moves to another kernel with other ids, and back to its own", () => {
    const [old, other] = [kernel(), kernel({ before: ["first", "second"], taskSize: 64 })];
    const moved = roundTrip(old, other);
    assert.equal(moved.base, other.btf);
    assert.equal(moved.source, "module");
    const device = moved.find("device") as TypeId;
    assert.ok(device >= other.btf.endId);
    const type = moved.type(device);
    assert.ok(type.kind === "struct");
    const [lists, task, , state, later] = type.members.map((one) => one.type) as TypeId[];
    const array = moved.type(lists as TypeId);
    assert.deepEqual(array.kind === "array" && [array.type, array.indexType], [other.list, other.int]);
    assert.equal(moved.target(task as TypeId), other.task);
    assert.equal(state, other.state);
    assert.equal(moved.target(later as TypeId), other.later);
    assert.equal(formatC(roundTrip(old, old), { roots: [device - 2] }), formatC(moved, { roots: [device] }));
  });

  test("bytes in a Buffer are not changed", () => {
    const split = distilledOf(INT);
    const data = Buffer.from(split.data);
    const before = data.toString("hex");
    const b = new BtfBuilder();
    b.append(int("short", 2));
    const id = b.append(INT);
    const moved = relocateToBase(Btf.parse(data, { base: split.base }), Btf.parse(b.encode()));
    assert.equal(moved.target(moved.firstId), id);
    assert.equal(data.toString("hex"), before);
  });

  test("the size of a struct counts only where the module has such a struct as a member", () => {
    assert.throws(
      () => roundTrip(kernel(), kernel({ listSize: 16 })),
      (error: unknown) =>
        error instanceof FormatError &&
        error.message.includes("type 2 (struct list, size 8) has no counterpart of the same size in vmlinux"),
    );
    roundTrip(kernel(), kernel({ taskSize: 16 }));
  });

  test("a type that two types of the kernel fit is an error", () => {
    const b = new BtfBuilder();
    for (let i = 0; i < 2; i++) b.append(INT);
    assert.throws(
      () => relocateToBase(distilledOf(INT), Btf.parse(b.encode(), { source: "twins" })),
      /type 1 \(int int, size 4\) has two counterparts in twins: types 1 and 2/,
    );
  });

  test("of several structs with the same name, the one of the same size fits", () => {
    const b = new BtfBuilder();
    const sizes = [4, 8, 16].map((size) => b.append({ kind: "struct", name: "list", size, members: [] }));
    const moved = relocateToBase(
      distilledOf({ kind: "struct", name: "list", size: 8, members: [] }),
      Btf.parse(b.encode()),
    );
    assert.equal(moved.target(moved.firstId), sizes[1]);
  });

  test("a declaration fits a struct or union as it says, whether that has bitfields or not", () => {
    for (const union of [false, true]) {
      for (const bits of [0, 3]) {
        const b = new BtfBuilder();
        const number = b.append(INT);
        const members = [member("a", number, 0, bits)];
        const id = b.append({ kind: union ? "union" : "struct", name: "later", size: 4, members });
        const full = Btf.parse(b.encode());
        const moved = relocateToBase(distilledOf({ kind: "fwd", name: "later", union }), full);
        assert.equal(moved.target(moved.firstId), id);
        assert.throws(
          () => relocateToBase(distilledOf({ kind: "fwd", name: "later", union: !union }), full),
          FormatError,
        );
      }
    }
  });

  test("an int must have the same size and sign", () => {
    const b = new BtfBuilder();
    b.append(int("int", 4));
    assert.throws(() => relocateToBase(distilledOf(INT), Btf.parse(b.encode())), FormatError);
  });

  test("a BTF without a base, and its own base", () => {
    const { btf } = kernel();
    assert.throws(() => distillBase(btf), UsageError);
    assert.throws(() => relocateToBase(btf, btf), UsageError);
    const split = moduleOn(kernel());
    assert.equal(relocateToBase(split, split.base as Btf), split);
  });
});

/** A split BTF with a pointer to the only type of its distilled base. */
function distilledOf(type: Parameters<BtfBuilder["append"]>[0]): Btf {
  const below = new BtfBuilder();
  const id = below.append(type);
  const base = Btf.parse(below.encode(), { source: "distilled" });
  const b = new BtfBuilder({ base });
  b.append({ kind: "ptr", name: "", type: id });
  return Btf.parse(b.encode(), { base });
}

describe("hostile BTF with a distilled base", () => {
  const { btf: full } = kernel();

  test("kinds that a distilled base cannot have, and types without a name", () => {
    for (const type of [
      { kind: "ptr", name: "", type: 0 },
      { kind: "typedef", name: "t", type: 0 },
      { kind: "enum64", name: "state", size: 8, signed: false, values: [] },
      { kind: "struct", name: "", size: 8, members: [] },
    ] as const) {
      assert.throws(() => relocateToBase(distilledOf(type), full), FormatError);
    }
  });

  test("functions and variables as parts of other types", () => {
    const b = new BtfBuilder();
    const variable = b.append({ kind: "var", name: "v", type: b.append(INT), linkage: "static" });
    const base = Btf.parse(b.encode());
    const split = new BtfBuilder({ base });
    split.append({ kind: "ptr", name: "", type: variable });
    assert.throws(() => distillBase(Btf.parse(split.encode(), { base })), FormatError);
  });

  test("names that no type of the distilled base has", () => {
    const base = Btf.parse(blobOf([1, 0x01000000, 4, 0x01000020], "\0int\0not_a_type\0"));
    // typedef int not_a_type;
    const split = Btf.parse(blobOf([5, 0x08000000, 1], ""), { base });
    const b = new BtfBuilder();
    b.append(int("int", 4, { signed: true }));
    assert.throws(() => relocateToBase(split, Btf.parse(b.encode())), FormatError);
  });

  test("members in circles of typedefs, and long chains of them, take no stack and no hours", () => {
    const { btf: base } = kernel();
    const b = new BtfBuilder({ base });
    const circles = Array.from({ length: 20_000 }, () => {
      const first = b.reserve();
      const second = b.append({ kind: "const", name: "", type: first });
      b.set(first, { kind: "typedef", name: "t", type: second });
      return member("m", first);
    });
    let last: TypeId = base.find("list") as TypeId;
    for (let i = 0; i < 50_000; i++) last = b.append({ kind: "volatile", name: "", type: last });
    const chains = Array.from({ length: 1000 }, () => member("m", last));
    b.append({ kind: "struct", name: "circles", size: 8, members: circles });
    b.append({ kind: "struct", name: "chains", size: 8, members: chains });
    const distilled = distillBase(Btf.parse(b.encode(), { base }));
    assert.equal(relocateToBase(distilled, base).endId - base.endId, distilled.endId - (distilled.base?.endId ?? 0));
    assert.throws(() => relocateToBase(distilled, kernel({ listSize: 4 }).btf), FormatError);
  });

  test("many types with one name on both sides end in an error, not in hours", () => {
    const many = (size: (i: number) => number): BtfBuilder => {
      const b = new BtfBuilder();
      for (let i = 0; i < 20_000; i++) b.append({ kind: "struct", name: "s", size: size(i), members: [] });
      return b;
    };
    const base = Btf.parse(many((i) => i).encode());
    const split = new BtfBuilder({ base });
    split.append({ kind: "ptr", name: "", type: 1 });
    const distilled = Btf.parse(split.encode(), { base });
    const full = Btf.parse(many((i) => 100_000 + i).encode());
    assert.throws(() => relocateToBase(distilled, full), /too many types have the same name/);
  });

  test("every prefix of the two sections", () => {
    const distilled = distillBase(moduleOn(kernel()));
    const [below, above] = [distilled.base?.data as Uint8Array, distilled.data];
    const tryBoth = (lower: Uint8Array, upper: Uint8Array): void => {
      try {
        formatRaw(relocateToBase(Btf.parse(upper, { base: Btf.parse(lower) }), full));
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
      }
    };
    for (let end = 0; end < below.length; end++) tryBoth(below.subarray(0, end), above);
    for (let end = 0; end < above.length; end++) tryBoth(below, above.subarray(0, end));
  });
});
