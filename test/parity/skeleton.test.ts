// `gen skeleton` and `gen subskeleton` against bpftool's, byte for byte, of every object of test/bpf.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { skeletonName, skeletonPieces, subskeletonText } from "../../src/codegen/index.ts";
import { parseObject } from "../../src/object/index.ts";
import { lacking } from "../support/feature.ts";
import { objectNames, peer } from "./peer.ts";

/** Objects that libbpf refuses, and bpfts reads (docs/compatibility.md). */
const REFUSED_BY_LIBBPF = new Set([
  "exceptions-sections",
  "functions-elsewhere",
  "functions-sections",
  "joined-refused-btf",
  // This bpftool has the libbpf of Linux 7.2, and per-CPU globals came with 7.3.
  "per-cpu-globals",
]);
/** Objects of which bpftool prints no subskeleton and says no reason: they have an arena. */
const WITHOUT_SUBSKELETON = new Set(["maps-arena"]);

/** Compares our text of each object that is readable with bpftool's output. */
function compare(command: string, format: (path: string) => string, leftOut: ReadonlySet<string>): void {
  let compared = 0;
  for (const object of objectNames()) {
    if (leftOut.has(object)) continue;
    const path = `test/bpf/${object}.bpf.o`;
    const theirs = peer("gen", command, path);
    if (!theirs.ok) {
      assert.throws(() => format(path), { name: /FormatError|UsageError/ }, path);
      continue;
    }
    // Without a message: a difference of megabytes would take minutes to print.
    assert.ok(format(path) === theirs.output, `gen ${command} ${path}`);
    compared++;
  }
  assert.ok(compared > 100, `${compared} objects`);
}

describe("skeletons as bpftool prints them", { skip: lacking("tool:bpftool") }, () => {
  test("gen skeleton of every object", () => {
    const format = (path: string) => {
      const data = readFileSync(path);
      const name = skeletonName(path, undefined);
      return Buffer.concat(
        skeletonPieces(parseObject(data, { name, source: path }), name, data).map((piece) => Buffer.from(piece)),
      ).toString();
    };
    compare("skeleton", format, REFUSED_BY_LIBBPF);
  });

  test("gen subskeleton of every object", () => {
    const format = (path: string) => {
      const spec = parseObject(readFileSync(path), { name: "", source: path });
      return subskeletonText(spec, skeletonName(path, undefined));
    };
    compare("subskeleton", format, new Set([...REFUSED_BY_LIBBPF, ...WITHOUT_SUBSKELETON]));
  });
});
