import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  Btf,
  BtfEdit,
  compileReader,
  compileWriter,
  formatSignature,
  formatType,
  sanitizeBtf,
} from "../../src/btf/index.ts";
import { FormatError, UsageError } from "../../src/errors/index.ts";
import { everyKind } from "./samples.ts";

/** Everything that can be asked of a blob. Only FormatError may come out, and UsageError from writing values back. */
function askAll(data: Uint8Array): void {
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      if (error instanceof FormatError) return;
      throw error;
    }
  };
  attempt(() => {
    const btf = Btf.parse(data);
    attempt(() => btf.findAll("event"));
    attempt(() => btf.findByEssentialName("event"));
    attempt(() => void btf.pointerSize);
    const view = new DataView(new ArrayBuffer(256));
    for (let i = 0; i < 256; i++) view.setUint8(i, i);
    for (const id of btf.ids()) {
      attempt(() => btf.type(id));
      attempt(() => btf.resolve(id));
      attempt(() => btf.sizeOf(id));
      attempt(() => btf.alignOf(id));
      attempt(() => formatSignature(btf, id));
      attempt(() => formatType(btf, id));
      attempt(() => {
        const read = compileReader(btf, id, { enums: "names" });
        const write = compileWriter(btf, id);
        try {
          write(view, 0, read(view, 0));
        } catch (error) {
          assert.ok(error instanceof UsageError, String(error));
        }
      });
    }
    attempt(() => new BtfEdit(btf).encode());
    attempt(() => {
      const none = { func: false, datasec: false, funcGlobal: false, float: false, declTag: false };
      sanitizeBtf(btf, { ...none, typeTag: false, enum64: false, questionMarkDatasec: false, layout: false });
    });
  });
}

describe("hostile BTF", () => {
  for (const little of [true, false]) {
    const { data } = everyKind(little).btf;
    const order = little ? "little" : "big";
    test(`every prefix (${order}-endian)`, () => {
      for (let length = 0; length < data.length; length++) {
        assert.throws(() => Btf.parse(data.slice(0, length)), FormatError);
      }
    });
    test(`every byte damaged (${order}-endian)`, () => {
      for (let at = 0; at < data.length; at++) {
        for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
          const bytes = data.slice();
          bytes[at] = value;
          askAll(bytes);
        }
      }
    });
    test(`words damaged at random (${order}-endian)`, () => {
      const words = fc.array(
        fc.tuple(fc.nat(Math.floor(data.length / 4) - 1), fc.oneof(fc.nat(40), fc.nat(0xffffffff))),
        {
          minLength: 1,
          maxLength: 6,
        },
      );
      fc.assert(
        fc.property(words, (damage) => {
          const bytes = data.slice();
          const view = new DataView(bytes.buffer);
          for (const [word, value] of damage) view.setUint32(4 * word, value, little);
          askAll(bytes);
        }),
        { numRuns: 2000 },
      );
    });
  }
});
