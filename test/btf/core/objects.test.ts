import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  applyCoreRelocation,
  CORE_POISON_HELPER,
  CoreRelocator,
  formatCoreRelocation,
} from "../../../src/btf/index.ts";
import { readCoreObject } from "./objects.ts";

/** What libbpf 1.8 makes of core-local's relocations against core-target's types; undefined is a poisoned one. */
const LOCAL_TO_TARGET: readonly (readonly [text: string, original: bigint, value: bigint | undefined])[] = [
  ["<byte_off> [2] struct shape.next (0:0 @ offset 0)", 0n, 96n],
  ["<byte_off> [2] struct shape.corners[2].y (0:1:2:1 @ offset 18)", 18n, 16n],
  ["<field_exists> [2] struct shape.corners[6].y (0:1:6:1 @ offset 34)", 1n, 0n],
  ["<byte_off> [2] struct shape.nested_in_anonymous (0:2 @ offset 40)", 40n, 24n],
  ["<byte_sz> [2] struct shape.narrowed (0:3 @ offset 48)", 8n, 2n],
  ["<signed> [2] struct shape.narrowed (0:3 @ offset 48)", 1n, 1n],
  ["<byte_off> [2] struct shape.second_bits (0:5 @ offset 56.5)", 56n, 40n],
  ["<byte_sz> [2] struct shape.second_bits (0:5 @ offset 56.5)", 4n, 4n],
  ["<lshift_u64> [2] struct shape.second_bits (0:5 @ offset 56.5)", 52n, 39n],
  ["<rshift_u64> [2] struct shape.second_bits (0:5 @ offset 56.5)", 57n, 44n],
  ["<signed> [2] struct shape.second_bits (0:5 @ offset 56.5)", 1n, 1n],
  ["<lshift_u64> [2] struct shape.wide_bits (0:6 @ offset 60)", 34n, 24n],
  ["<rshift_u64> [2] struct shape.wide_bits (0:6 @ offset 60)", 34n, 24n],
  ["<byte_sz> [2] struct shape.name (0:7 @ offset 64)", 16n, 32n],
  ["<byte_off> [2] struct shape.id (0:8 @ offset 80)", 80n, 88n],
  ["<field_exists> [2] struct shape.removed (0:11 @ offset 100)", 1n, 0n],
  ["<byte_off> [2] struct shape.tail[5] (0:12:5 @ offset 109)", 109n, 121n],
  ["<byte_off> [2] struct shape.color (0:10 @ offset 96)", 96n, 112n],
  ["<type_size> [2] struct shape", 104n, 120n],
  ["<type_exists> [2] struct shape", 1n, 1n],
  ["<type_matches> [2] struct shape", 1n, 0n],
  ["<type_matches> [3] struct point", 1n, 1n],
  ["<type_size> [27] union either", 4n, 8n],
  ["<type_exists> [28] struct removed", 1n, 0n],
  ["<local_type_id> [3] struct point", 3n, 3n],
  ["<target_type_id> [3] struct point", 3n, 4n],
  ["<enumval_value> [21] enum colors::GREEN = 1", 1n, 20n],
  ["<enumval_exists> [21] enum colors::PINK = 3", 1n, 0n],
  ["<enumval_value> [29] enum64 big::BIG = 1099511627776", 1099511627776n, 78187493530n],
  ["<byte_off> [2] struct shape.narrowed (0:3 @ offset 48)", 48n, 32n],
  ["<byte_off> [2] struct shape.corners[1].x (0:1:1:0 @ offset 12)", 12n, 14n],
  ["<byte_off> [2] struct shape.removed (0:11 @ offset 100)", 100n, undefined],
];

/** Objects with CO-RE relocations that their own types satisfy. */
const OBJECTS = [
  "core-bitfields",
  "core-bitfields-be",
  "core-fields",
  "core-fields-be",
  "core-fields-clang14",
  "core-fields-v1",
  "core-flavours",
  "core-local",
  "core-local-be",
  "core-many",
  "core-types",
  "core-types-be",
];

describe("compiled objects", () => {
  test("every kind against other types gives what libbpf gives", () => {
    const local = readCoreObject("core-local");
    const relocator = new CoreRelocator(local.btf, { main: readCoreObject("core-target").btf });
    relocator.prepare(local.relocations.map(({ relocation }) => relocation));
    const results = local.relocations.map(({ relocation }) => relocator.resolve(relocation));
    assert.deepEqual(
      results.map(({ text, original, value, poison }) => [text, original, poison ? undefined : value]),
      LOCAL_TO_TARGET,
    );
  });

  test("the instructions follow, and what cannot be read is poisoned", () => {
    const local = readCoreObject("core-local");
    const relocator = new CoreRelocator(local.btf, { main: readCoreObject("core-target").btf });
    const poisoned = local.relocations.flatMap(({ relocation, instructions }) => {
      const view = new DataView(instructions.buffer);
      const result = relocator.resolve(relocation);
      const reason = applyCoreRelocation(view, relocation.slot, result, true, "read");
      if (reason === undefined) return [];
      assert.equal(view.getInt32(8 * relocation.slot + 4, true), CORE_POISON_HELPER);
      return [`${formatCoreRelocation(local.btf, relocation)}: ${reason}`];
    });
    assert.deepEqual(poisoned, [
      "<byte_off> [2] struct shape.narrowed (0:3 @ offset 48): the member has 8 bytes in the object and 2 bytes in the kernel, " +
        "and only loads of pointers and unsigned integers can change their size",
      "<byte_off> [2] struct shape.removed (0:11 @ offset 100): [1] struct shape in vmlinux has nothing compatible with .removed",
    ]);
  });

  for (const name of OBJECTS) {
    test(`${name} against its own types stays as compiled`, () => {
      const { btf, relocations } = readCoreObject(name);
      const relocator = new CoreRelocator(btf, { main: btf });
      assert.ok(relocations.length > 0);
      for (const { relocation, instructions } of relocations) {
        const before = instructions.slice();
        const result = relocator.resolve(relocation);
        const reason = applyCoreRelocation(
          new DataView(instructions.buffer),
          relocation.slot,
          result,
          btf.little,
          name,
        );
        assert.equal(reason, undefined, result.text);
        // Compilers choose other units for bitfields, and number types on their own.
        if (!result.validate) instructions.set(before);
        assert.deepEqual(instructions, before, result.text);
      }
    });
  }
});
