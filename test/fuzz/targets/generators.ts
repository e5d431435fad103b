import { readFileSync } from "node:fs";
import { Btf, minimiseBtf } from "../../../src/btf/index.ts";
import { lightSkeletonPieces, skeletonPieces, subskeletonText } from "../../../src/codegen/index.ts";
import { parseElf } from "../../../src/elf/index.ts";
import { parseObject, readCoreObject } from "../../../src/object/index.ts";
import type { FuzzTarget } from "../target.ts";
import { attempt, fixtures } from "./files.ts";

const MACHINE = { pageSize: () => 4096, possibleCpus: () => 2 };

/** What makes C headers of objects. */
const skeleton: FuzzTarget = {
  name: "skeleton",
  corpus: fixtures,
  run: (data) => {
    const spec = parseObject(data, { name: "fuzz", source: "fuzz.bpf.o" });
    attempt(() => skeletonPieces(spec, "fuzz", data));
    attempt(() => subskeletonText(spec, "fuzz"));
    attempt(() => lightSkeletonPieces(spec, "fuzz", { machine: MACHINE }));
  },
};

let kernel: Btf | undefined;

/** A small BTF in place of a kernel's. */
function target(): Btf {
  if (kernel === undefined) {
    const elf = parseElf(readFileSync("test/bpf/core-target.bpf.o"), "core-target");
    const section = elf.sections.find(({ name }) => name === ".BTF");
    kernel = Btf.parse(section === undefined ? new Uint8Array() : elf.contents(section));
  }
  return kernel;
}

const minimise: FuzzTarget = {
  name: "minimise",
  corpus: fixtures,
  run: (data) => {
    const object = readCoreObject(data, "fuzz.bpf.o");
    attempt(() => minimiseBtf(target(), [object]));
    attempt(() => minimiseBtf(object.btf, [object]));
  },
};

export const GENERATOR_TARGETS: readonly FuzzTarget[] = [skeleton, minimise];
