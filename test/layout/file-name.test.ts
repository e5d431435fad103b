import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeFileName, encodeFileName, isPlainFileName } from "../../src/layout/index.ts";

test("any bytes are a file name that can be encoded again", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      assert.deepEqual([...encodeFileName(decodeFileName(bytes))], [...bytes]);
    }),
    { numRuns: 2000 },
  );
});

test("any text in UTF-8 is itself", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const bytes = new TextEncoder().encode(text);
      const name = decodeFileName(bytes);
      assert.equal(name, text);
      assert.ok(isPlainFileName(name));
      assert.deepEqual([...encodeFileName(name)], [...bytes]);
    }),
  );
});

test("bytes that are not UTF-8 are lone surrogates", () => {
  const name = decodeFileName(Uint8Array.of(0x78, 0xff, 0xed, 0xb3, 0xbf, 0xf0, 0x9f, 0x98, 0x80, 0xe2, 0x82));
  assert.equal(name, "x\udcff\udced\udcb3\udcbf\u{1f600}\udce2\udc82");
  assert.equal(isPlainFileName(name), false);
});
