import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FormatError } from "../../src/errors/index.ts";
import { Bytes, decodeText, encodeCString, formatHex, parseHex, textUntilNul } from "../../src/layout/index.ts";

const data = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 0x68, 0x69, 0);

test("reads follow the byte order", () => {
  const little = new Bytes(data, "file");
  const big = new Bytes(data, "file", false);
  assert.deepEqual(
    [little.u8(1), little.u16(0), little.u32(0), little.u64(0)],
    [2, 0x0201, 0x04030201, 0x0807060504030201n],
  );
  assert.deepEqual(
    [big.u16(0), big.u32(0), big.i32(0), big.u64(0)],
    [0x0102, 0x01020304, 0x01020304, 0x0102030405060708n],
  );
  assert.equal(little.cstring(8), "hi");
});

const outside: readonly [name: string, read: (bytes: Bytes) => unknown, offset: number][] = [
  ["u8", (b) => b.u8(11), 11],
  ["u16", (b) => b.u16(10), 10],
  ["u32", (b) => b.u32(8), 8],
  ["u64", (b) => b.u64(4), 4],
  ["negative", (b) => b.u32(-4), -4],
  ["beyond 2^53", (b) => b.slice(2 ** 60, 1, "a slice"), 2 ** 60],
  ["size beyond 2^53", (b) => b.slice(0, 2 ** 60, "a slice"), 0],
  ["no NUL", (b) => new Bytes(b.data.subarray(0, 10), b.source).cstring(8), 8],
];
for (const [name, read, offset] of outside) {
  test(`a read outside is a FormatError with its place: ${name}`, () => {
    assert.throws(
      () => read(new Bytes(data, "a.o: .text")),
      (error) => error instanceof FormatError && error.source === "a.o: .text" && error.offset === offset,
    );
  });
}

test("text survives encoding, long and short, ASCII and not", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (text) => {
      if (text.includes("\0")) return;
      const encoded = encodeCString(text);
      assert.equal(decodeText(encoded, 0, encoded.length - 1), text);
      assert.equal(textUntilNul(encoded), text);
    }),
  );
});

test("hex survives formatting", () => {
  assert.equal(formatHex(Uint8Array.of(0, 255, 16), " "), "00 ff 10");
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.deepEqual(parseHex(formatHex(bytes)), bytes)));
  for (const bad of ["0", "0g", "0x00", " 0"]) assert.equal(parseHex(bad), undefined, bad);
});
