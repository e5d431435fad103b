// Linked objects against those of `bpftool gen object`, byte for byte.
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FormatError } from "../../src/errors/index.ts";
import { linkObjects } from "../../src/object/index.ts";
import { part, withoutPlaces } from "../object/linker/outputs.ts";
import { withDirectory } from "../support/directory.ts";
import { needs } from "../support/feature.ts";
import { objectNames, peer } from "./peer.ts";

/** Links by both. The bytes must be equal, or both must refuse. Returns true if the objects were linked. */
function compare(out: string, names: readonly string[], strip = (data: Uint8Array) => data): boolean {
  const what = names.join(" + ");
  rmSync(out, { force: true });
  const { ok, problems } = peer("gen", "object", out, ...names.map((name) => `test/bpf/${name}.bpf.o`));
  let ours: Uint8Array;
  try {
    ours = linkObjects(names.map(part));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    assert.equal(ok, false, `${what}: only bpfts refuses: ${error.message}`);
    return false;
  }
  assert.equal(ok, true, `${what}: only bpftool refuses: ${problems}`);
  const theirs = new Uint8Array(readFileSync(out));
  assert.ok(Buffer.compare(strip(ours), strip(theirs)) === 0, `${what}: the bytes differ`);
  return true;
}

/** The file for bpftool's result. Undefined if there is no bpftool; the test is then skipped. */
function outputOf(t: TestContext): string | undefined {
  return needs(t, "tool:bpftool") ? join(withDirectory(t), "out.o") : undefined;
}

/** The objects without those that are made for the linker. */
const others = objectNames().filter((name) => !name.startsWith("joined-"));

test("each object alone", (t) => {
  const out = outputOf(t);
  if (out === undefined) return;
  const count = others.filter((name) => compare(out, [name])).length;
  assert.ok(count > 100, `${count}`);
});

test("pairs and triples of objects", (t) => {
  const out = outputOf(t);
  if (out === undefined) return;
  let count = 0;
  for (const [i, name] of others.entries()) {
    const second = others[(i * 37 + 11) % others.length] ?? name;
    const third = others[(i * 53 + 29) % others.length] ?? name;
    const names = i % 2 === 0 ? [name, second] : [name, second, third];
    if (compare(out, names)) count++;
  }
  assert.ok(count > 40, `${count}`);
});

test("objects for each rule in every order, apart from places that bpftool leaves wrong", (t) => {
  const out = outputOf(t);
  if (out === undefined) return;
  let count = 0;
  for (const suffix of ["", "-be"]) {
    const [a, b, c] = ["joined-a", "joined-b", "joined-c"].map((name) => name + suffix) as [string, string, string];
    for (const names of [
      ...[[a], [b], [c], [a, b], [b, a], [a, c], [c, a], [b, c], [c, b]],
      ...[
        [a, b, c],
        [a, c, b],
        [b, a, c],
        [b, c, a],
        [c, a, b],
        [c, b, a],
      ],
    ]) {
      if (compare(out, names, withoutPlaces)) count++;
    }
  }
  assert.equal(count, 26);
});

test("objects that do not fit are refused by both", (t) => {
  const out = outputOf(t);
  if (out === undefined) return;
  const refused = objectNames().filter((name) => name.startsWith("joined-refused-"));
  assert.equal(refused.length, 10);
  for (const name of refused) {
    assert.equal(compare(out, ["joined-strict", name]), false, name);
    assert.equal(compare(out, [name, "joined-strict"]), false, name);
  }
});
