import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { lightSkeletonPieces, skeletonName, skeletonPieces, subskeletonText } from "../../src/codegen/index.ts";
import { parseObject } from "../../src/object/index.ts";

// test/golden/skeletons.json was recorded from bpftool 7.8 by scripts/record-skeletons.mjs.
const recorded: Record<string, string> = JSON.parse(readFileSync("test/golden/skeletons.json", "utf8"));

/** The skeleton of an object of test/bpf, and the object's bytes as C text. */
function skeletonOf(object: string): { text: string; bytes: string } {
  const data = readFileSync(`test/bpf/${object}.bpf.o`);
  const name = skeletonName(`${object}.bpf.o`, undefined);
  const pieces = skeletonPieces(parseObject(data, { name, source: object }), name, data);
  const bytes = pieces.filter((piece) => typeof piece !== "string").map((piece) => new TextDecoder().decode(piece));
  return { text: pieces.filter((piece) => typeof piece === "string").join("<bytes>"), bytes: bytes.join("") };
}

/** The light skeleton of an object of test/bpf. */
function lightSkeletonOf(object: string): string {
  const name = skeletonName(`${object}.bpf.o`, undefined);
  const spec = parseObject(readFileSync(`test/bpf/${object}.bpf.o`), { name, source: object });
  return lightSkeletonPieces(spec, name)
    .map((piece) => (typeof piece === "string" ? piece : new TextDecoder().decode(piece)))
    .join("");
}

/** Reads back the bytes of a C string with `\0` and `\xNN`. */
function bytesOf(text: string): Uint8Array {
  const escapes = text.replaceAll("\\\n", "").match(/\\0|\\x[0-9a-f]{2}/g) ?? [];
  return Uint8Array.from(escapes, (each) => (each === "\\0" ? 0 : Number.parseInt(each.slice(2), 16)));
}

describe("skeletons", () => {
  for (const [key, text] of Object.entries(recorded)) {
    const [command, object = ""] = key.split(" ");
    test(`the ${command} of ${object} is bpftool's`, () => {
      if (command === "light") assert.equal(createHash("sha256").update(lightSkeletonOf(object)).digest("hex"), text);
      else if (command === "skeleton") assert.equal(skeletonOf(object).text, text);
      else {
        const spec = parseObject(readFileSync(`test/bpf/${object}.bpf.o`), { name: "", source: object });
        assert.equal(subskeletonText(spec, skeletonName(`${object}.bpf.o`, undefined)), text);
      }
    });
  }

  test("the text of the bytes is the object, in lines of at most 80 characters", () => {
    for (const object of ["counter", "data-types", "big"]) {
      const { bytes } = skeletonOf(object);
      assert.deepEqual(bytesOf(bytes), new Uint8Array(readFileSync(`test/bpf/${object}.bpf.o`)));
      for (const line of bytes.split("\n")) assert.match(line, /^(\\0|\\x[0-9a-f]{2}){1,39}\\?$/);
    }
  });
});

test("objects that a loader program cannot load have no light skeleton", () => {
  const refused: readonly [object: string, message: RegExp][] = [
    ["struct-ops", /^map bpfts_plain: a loader program cannot create struct_ops maps; load this object without/],
    ["isa-jump-table", /^program choose: a loader program cannot load jump tables; load this object without/],
    ["maps-arena", /^map arena: a light skeleton cannot set the variables of an arena$/],
    ["maps-rings", /^a perf event array without max_entries has one element for each CPU: give the number/],
    ["sections-unknown", /^program program: section my_own_section is not a known section name/],
  ];
  for (const [object, message] of refused) {
    assert.throws(() => lightSkeletonOf(object), { name: "UsageError", message }, object);
  }
});

test("variables that are too large for C text are refused before memory is allocated for them", () => {
  const spec = parseObject(readFileSync("test/bpf/data-sections.bpf.o"), { name: "large" });
  spec.map(".bss").valueSize = 2 ** 30;
  assert.throws(() => lightSkeletonPieces(spec, "large"), {
    name: "UsageError",
    message: /^the object's variables have \d+ bytes, but a light skeleton holds at most 16777216$/,
  });
});

describe("the name of a skeleton", () => {
  const names: readonly [file: string, name: string][] = [
    ["counter.bpf.o", "counter_bpf"],
    ["/some/where/a-b.o", "a_b"],
    ["über.o", "__ber"],
    ["obj", "obj"],
    [`${"x".repeat(80)}.o`, "x".repeat(63)],
  ];
  for (const [file, name] of names) test(`from ${file}`, () => assert.equal(skeletonName(file, undefined), name));

  test("a name that the user gives is cut to 63 characters", () => {
    assert.equal(skeletonName("counter.bpf.o", "y".repeat(70)), "y".repeat(63));
  });

  test("a name that is not a C identifier is refused", () => {
    assert.throws(() => skeletonName("counter.bpf.o", "a b"), {
      name: "UsageError",
      message: "'a b' cannot be the name of a skeleton, because it is not a C identifier",
    });
    assert.throws(() => skeletonName("dir/1st.o", undefined), {
      name: "UsageError",
      message:
        "'1st' cannot be the name of a skeleton, because it is not a C identifier; give another name than the one that comes from the file dir/1st.o",
    });
  });
});
