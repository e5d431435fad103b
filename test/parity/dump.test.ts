// `prog dump xlated` of ours against bpftool's, byte for byte, on the same loaded programs.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { withBpffs } from "../support/bpffs.ts";
import { lacking } from "../support/feature.ts";
import { peer, pins } from "./peer.ts";

/** Between them these have every form of instruction, reference and annotation that is printed: all options for them. */
const thorough = new Set([
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
]);
/** Left out, with the reason. */
const leftOut = new Map<string, string>([
  ["maps-pinned", "bpftool pins it at /sys/fs/bpf, which is not the test's"],
  ...[
    "links-tracing",
    "links-usdt",
    "links-usdt-old",
    "sections-optional",
    "sections-trampoline-more",
    "struct-ops-optional",
  ].map((name): [string, string] => [
    name,
    "bpftool cannot pin programs that are not loaded; load.test.ts compares it",
  ]),
  ["exceptions", "bpftool loses the source lines of an exception callback (docs/compatibility.md)"],
]);
const forms = [[], ["opcodes"], ["linum"], ["visual"]];
/** Their graphs differ on purpose (docs/compatibility.md): bpftool's are wrong about calls, callbacks and long jumps. */
const otherGraphs = new Set(["callbacks", "counter", "functions", "isa-v4", "maps-rings", "names-long"]);

/** Which objects libbpf loads on the kernel that it names, as scripts/expect-fixtures.mjs found. */
const expected = JSON.parse(readFileSync("test/bpf/expected.json", "utf8")) as {
  kernel: string;
  objects: Record<string, { loads: boolean }>;
};
const loadable = Object.keys(expected.objects).filter((name) => expected.objects[name]?.loads === true);

function ours(...words: string[]): { ok: boolean; output: string; problems: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["dist/bin/bpfts.js", ...words], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  return { ok: status === 0, output: stdout, problems: stderr };
}

describe("printing programs as bpftool does", { skip: lacking("tool:bpftool") }, () => {
  for (const name of loadable) {
    test(name, { skip: leftOut.get(name) }, (t) => {
      const mount = withBpffs(t);
      const directory = join(mount, "programs");
      const loaded = peer("prog", "loadall", `test/bpf/${name}.bpf.o`, directory);
      if (!loaded.ok && !release().startsWith(`${expected.kernel}.`)) {
        t.skip(`not on this kernel: ${loaded.problems}`);
        return;
      }
      assert.ok(loaded.ok, loaded.problems);
      const all = thorough.has(name);
      for (const pin of pins(directory).slice(0, all ? 2 : 1)) {
        const words = ["prog", "dump", "xlated", "pinned", join(directory, pin)];
        for (const form of all ? forms : [[]]) {
          if (form[0] === "visual" && otherGraphs.has(name)) continue;
          const [one, two] = [ours(...words, ...form), peer(...words, ...form)];
          assert.equal(one.output, two.output, `${pin} ${form}: ${one.problems}`);
        }
        for (const option of all ? ["-j", "-p"] : ["-j"]) {
          assert.equal(ours(option, ...words).output, peer(option, ...words).output, `${pin} ${option}`);
        }
      }
    });
  }
});
