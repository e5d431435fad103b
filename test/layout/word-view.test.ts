import assert from "node:assert/strict";
import test from "node:test";
import { signedWordReader, WordView, wordReader } from "../../src/layout/index.ts";

const memory = new Uint8Array(32).map((_, i) => 0xf0 + (i % 13)).buffer;

for (const start of [0, 3, 8]) {
  test(`words of a view that begins at ${start} are what a DataView says, wherever they lie`, () => {
    const plain = new DataView(memory, start, 21);
    const fast = new WordView(memory, start, 21);
    assert.equal(fast.unsigned === undefined, start === 3);
    for (const little of [true, false]) {
      const unsigned = wordReader(little);
      const signed = signedWordReader(little);
      for (let at = 0; at <= 13; at++) {
        for (const view of [plain, fast]) {
          assert.equal(unsigned(view, at), plain.getBigUint64(at, little));
          assert.equal(signed(view, at), plain.getBigInt64(at, little));
        }
      }
    }
  });
}
