import assert from "node:assert/strict";
import { test } from "node:test";
import { type MemberReader, objectReader } from "../../src/layout/object-reader.ts";

/** Enough values for a struct's own function to be compiled, and one more. */
const MANY = 500;
const VIEW = new DataView(Uint8Array.from({ length: 256 }, (_, i) => i).buffer);

function bytes(names: readonly string[]): MemberReader[] {
  return names.map((name, offset) => ({ name, offset, read: (view, at) => view.getUint8(at) }));
}

test("a struct is the same object from the first value on, whatever its members are called", () => {
  for (const names of [
    [],
    ["a"],
    ["a", "b", "c", "d", "e", "f", "g", "h"],
    Array.from({ length: 64 }, (_, i) => `m${i}`),
    Array.from({ length: 100 }, (_, i) => `m${i}`),
    ["__proto__", "constructor", "toString"],
    ['"', "'", "`$" + "{x}`", "\\", "]: 1})", "\u2028", "\n", " ", "*/", "0", "7"],
    ["view", "at", "reads", "r0", "return", "ä"],
  ]) {
    const read = objectReader(bytes(names));
    const first = read(VIEW, 5) as object;
    assert.equal(Object.getPrototypeOf(first), Object.prototype);
    assert.deepEqual(
      new Map(Object.entries(first)),
      new Map(Object.entries(Object.fromEntries(names.map((name, i) => [name, 5 + i])))),
    );
    for (let i = 0; i < MANY; i++) {
      const next = read(VIEW, 5) as object;
      assert.deepEqual(Object.getOwnPropertyDescriptors(next), Object.getOwnPropertyDescriptors(first));
      assert.equal(Object.getPrototypeOf(next), Object.prototype);
    }
  }
});

test("of two members with one name the last counts", () => {
  const read = objectReader(bytes(["a", "b", "a"]));
  for (let i = 0; i < MANY; i++)
    assert.deepEqual(Object.entries(read(VIEW, 1) as object), [
      ["a", 3],
      ["b", 2],
    ]);
});
