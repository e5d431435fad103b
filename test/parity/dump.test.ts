// `prog dump xlated` of ours against bpftool's, byte for byte, on the same loaded programs.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";
import { withBpffs } from "../support/bpffs.ts";
import { peer, pins, withoutPeer } from "./peer.ts";

/** Between them these have every form of instruction, reference and annotation that is printed. */
const objects = [
  "atomics",
  "callbacks",
  "counter",
  "functions",
  "functions-no-btf",
  "inline-assembly",
  "isa-may-goto",
  "isa-ordering",
  "isa-v4",
  "kfuncs",
  "ksyms",
  "maps-arena",
  "maps-nested",
  "maps-rings",
  "names-long",
];
const forms = [[], ["opcodes"], ["linum"], ["visual"]];
/** Their graphs differ on purpose (docs/compatibility.md): bpftool's are wrong about calls, callbacks and long jumps. */
const otherGraphs = new Set(["callbacks", "counter", "functions", "isa-v4", "maps-rings", "names-long"]);

function ours(...words: string[]): { ok: boolean; output: string; problems: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["dist/bin/bpfts.js", ...words], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  return { ok: status === 0, output: stdout, problems: stderr };
}

describe("printing programs as bpftool does", { skip: withoutPeer() }, () => {
  for (const name of objects) {
    test(name, (t) => {
      const directory = join(withBpffs(t), "programs");
      const loaded = peer("prog", "loadall", `test/bpf/${name}.bpf.o`, directory);
      assert.ok(loaded.ok, loaded.problems);
      for (const pin of pins(directory).slice(0, 2)) {
        const words = ["prog", "dump", "xlated", "pinned", join(directory, pin)];
        for (const form of forms) {
          if (form[0] === "visual" && otherGraphs.has(name)) continue;
          const [one, two] = [ours(...words, ...form), peer(...words, ...form)];
          assert.equal(one.output, two.output, `${pin} ${form}: ${one.problems}`);
        }
        for (const option of ["-j", "-p"]) {
          assert.equal(ours(option, ...words).output, peer(option, ...words).output, `${pin} ${option}`);
        }
      }
    });
  }
});
