// `gen skeleton` (with -L and -S, too) and `gen subskeleton` against bpftool's, byte for byte, of every object of test/bpf.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import {
  type LightSkeletonOptions,
  lightSkeletonPieces,
  skeletonName,
  skeletonPieces,
  subskeletonText,
} from "../../src/codegen/index.ts";
import { kconfigContents, LoaderSignature, sha256 } from "../../src/load/index.ts";
import { parseObject } from "../../src/object/index.ts";
import { pageSize, possibleCpus } from "../../src/sys/index.ts";
import { BPFTOOL, lacking } from "../support/feature.ts";
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

/** Light skeletons that differ from bpftool's, with the reason (docs/compatibility.md). */
const DIFFERENT_LIGHT: Readonly<Record<string, string>> = {
  "core-many": "libbpf's loader program writes the fds of more than 32 programs past its stack, and no kernel loads it",
  kfuncs: "libbpf's loader program looks up a kernel function by its name with the flavour, and does not find it",
  ksyms: "bpftool writes addresses of this kernel into the text, which the loader program then overwrites",
  "sections-optional": "libbpf's loader program gives the fds to other programs if one is not loaded",
};
/** Objects of which bpftool makes no light skeleton. */
const ONLY_OUR_LIGHT: Readonly<Record<string, string>> = {
  "ksyms-missing": "bpftool looks for the symbols in the kernel that runs it",
  "maps-pinned": "bpftool pins maps while it makes the text, and fails",
  "maps-tail-calls": "libbpf's loader program cannot set the elements of a prog array",
  "names-inherited": "it has a prog array with elements, too",
};

/** Compares our text of each object that is readable with bpftool's output. */
function compare(words: readonly string[], format: (path: string) => string, leftOut: ReadonlySet<string>): void {
  let compared = 0;
  for (const object of objectNames()) {
    if (leftOut.has(object)) continue;
    const path = `test/bpf/${object}.bpf.o`;
    const theirs = peer(...words, path);
    if (!theirs.ok) {
      assert.throws(() => format(path), { name: /FormatError|UsageError/ }, path);
      continue;
    }
    // Without a message: a difference of megabytes would take minutes to print.
    const isSame = words[0] !== "-L" || DIFFERENT_LIGHT[object] === undefined;
    assert.equal(format(path) === theirs.output, isSame, `${words.join(" ")} ${path}`);
    compared++;
  }
  assert.ok(compared >= 100, `${compared} objects`);
}

function lightSkeleton(path: string, options: Partial<LightSkeletonOptions> = {}): string {
  const name = skeletonName(path, undefined);
  const spec = parseObject(readFileSync(path), { name, source: path });
  const kconfig = kconfigContents(spec, { anyKernel: true });
  const pieces = lightSkeletonPieces(spec, name, { machine: { pageSize, possibleCpus }, kconfig, ...options });
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece))).toString();
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
    compare(["gen", "skeleton"], format, REFUSED_BY_LIBBPF);
  });

  test("gen skeleton -L of every object", () => {
    compare(["-L", "gen", "skeleton"], lightSkeleton, new Set([...REFUSED_BY_LIBBPF, ...Object.keys(ONLY_OUR_LIGHT)]));
    for (const object of Object.keys(ONLY_OUR_LIGHT)) {
      const path = `test/bpf/${object}.bpf.o`;
      assert.equal(peer("-L", "gen", "skeleton", path).ok, false, object);
      assert.match(lightSkeleton(path), /opts_insn/, object);
    }
  });

  test("gen skeleton -S signs as bpftool does", () => {
    const files = { privateKey: "test/load/sign/rsa.key.pem", certificate: "test/load/sign/rsa.cert.pem" };
    const sign = (instructions: Uint8Array) => new LoaderSignature(instructions, files).bytes;
    for (const object of ["counter", "data-sections", "maps-hash-be", "maps-nested"]) {
      const path = `test/bpf/${object}.bpf.o`;
      const words = ["-S", "-k", files.privateKey, "-i", files.certificate, "gen", "skeleton", path];
      const theirs = execFileSync(BPFTOOL, words, { encoding: "utf8" });
      assert.ok(lightSkeleton(path, { signer: { hash: sha256, sign } }) === theirs, object);
    }
  });

  test("gen subskeleton of every object", () => {
    const format = (path: string) => {
      const spec = parseObject(readFileSync(path), { name: "", source: path });
      return subskeletonText(spec, skeletonName(path, undefined));
    };
    compare(["gen", "subskeleton"], format, new Set([...REFUSED_BY_LIBBPF, ...WITHOUT_SUBSKELETON]));
  });
});
