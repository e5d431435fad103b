import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, chars, flag, infoReader, newer, pointer, struct, u32, u64 } from "../../src/layout/index.ts";

const Info = struct({ id: u32, tag: bytes(4), name: chars(8), list: pointer, gpl: flag, runs: newer(u64) });

function infoBytes(): DataView {
  const view = Info.alloc({ id: 7, name: "probe", list: 0x1000, gpl: true, runs: 2n ** 40n });
  view.setUint8(Info.offsets.tag, 0xab);
  return view;
}

test("an info reads as a plain object without pointers, also once its reader is compiled", () => {
  const read = infoReader(Info);
  const view = infoBytes();
  const expected = { id: 7, tag: Uint8Array.of(0xab, 0, 0, 0), name: "probe", gpl: true, runs: 2n ** 40n };
  for (let i = 0; i < 500; i++) assert.deepEqual(read(view, Info.size), expected);
});

test("a field past what the kernel filled is undefined if it is newer, and zero otherwise", () => {
  const read = infoReader(Info);
  const view = infoBytes();
  assert.deepEqual({ ...read(view, Info.offsets.runs) }, { ...read(view, Info.size), runs: undefined });
  assert.deepEqual(read(view, 4), { id: 7, tag: new Uint8Array(4), name: "", gpl: false, runs: undefined });
});

test("an info keeps nothing of the memory that it was read from", () => {
  const read = infoReader(Info);
  const view = infoBytes();
  const { tag } = read(view, Info.size);
  view.setUint8(Info.offsets.tag, 1);
  assert.equal(tag[0], 0xab);
});
