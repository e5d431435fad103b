// `prog dump jited` of ours against that of a bpftool built with LLVM, byte for byte, on the same loaded programs.
// Debian's is built without: BPFTOOL_LLVM says where another one is.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { withBpffs } from "../support/bpffs.ts";
import { lacking } from "../support/feature.ts";
import { pins } from "./peer.ts";

const PEER = process.env.BPFTOOL_LLVM;
const { objects } = JSON.parse(readFileSync("test/bpf/expected.json", "utf8")) as {
  objects: Record<string, { loads: boolean }>;
};
/** It is pinned at /sys/fs/bpf, which is not the test's; and bpftool loses source lines of exception callbacks. */
const LEFT_OUT = new Set(["maps-pinned", "exceptions"]);

function run(command: string, ...words: string[]): { status: number | null; stdout: string } {
  const { status, stdout } = spawnSync(command, words, { encoding: "utf8", maxBuffer: 1 << 28 });
  return { status, stdout };
}

describe("machine code as bpftool with LLVM prints it", {
  skip: lacking("tool:bpftool_llvm"),
}, () => {
  for (const name of Object.keys(objects).filter((one) => objects[one]?.loads === true && !LEFT_OUT.has(one))) {
    test(name, (t) => {
      const directory = join(withBpffs(t), "programs");
      if (run(PEER as string, "prog", "loadall", `test/bpf/${name}.bpf.o`, directory).status !== 0) return;
      for (const pin of pins(directory)) {
        for (const form of [["linum"], ["opcodes"], ["-j", "linum", "opcodes"]]) {
          const words = ["prog", "dump", "jited", "pinned", join(directory, pin), ...form];
          const ours = run(process.execPath, "dist/bin/bpfts.js", ...words);
          assert.deepEqual(ours, run(PEER as string, ...words), `${pin} ${form}`);
        }
      }
    });
  }
});
