import assert from "node:assert/strict";
import { test } from "node:test";
import { ksymAddress } from "../../src/load/resolve-externs.ts";
import type { ExternSpec } from "../../src/object/index.ts";

const strong: ExternSpec = { name: "__per_cpu_start", weak: false, source: { kind: "ksym", typeId: 0 } };
const weak: ExternSpec = { ...strong, weak: true };

test("a symbol may have the address 0; only a kernel that hides all of them is told as such", () => {
  assert.equal(ksymAddress(strong, new Set([0n]), "visible"), 0n);
  assert.equal(ksymAddress(weak, new Set([0n]), "visible"), 0n);
  assert.throws(() => ksymAddress(strong, new Set([0n]), "hidden"), /the kernel hides its addresses/);
});

test("a symbol that is missing or ambiguous", () => {
  assert.equal(ksymAddress(weak, undefined, "hidden"), undefined);
  assert.throws(() => ksymAddress(strong, undefined, "visible"), /\/proc\/kallsyms has no symbol of this name/);
  assert.throws(() => ksymAddress(weak, new Set([1n, 2n]), "visible"), /is ambiguous/);
});

test("without /proc no symbol is looked up, and the error says so", () => {
  for (const extern of [strong, weak]) {
    assert.throws(() => ksymAddress(extern, undefined, "no symbols"), /cannot be looked up: .*mount \/proc/);
  }
});
