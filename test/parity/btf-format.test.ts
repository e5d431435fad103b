// Types as C and raw against bpftool's, byte for byte: of the running kernel and of every object of test/bpf.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Btf, formatC, formatRaw } from "../../src/btf/index.ts";
import { parseElf } from "../../src/elf/index.ts";
import { withDirectory } from "../support/directory.ts";
import { lacking } from "../support/feature.ts";
import { objectNames, peer } from "./peer.ts";

const VMLINUX = "/sys/kernel/btf/vmlinux";

const forms: readonly { name: string; options: string[]; words: string[]; format: (btf: Btf) => string }[] = [
  { name: "C", options: [], words: ["format", "c"], format: (btf) => formatC(btf, { likeBpftool: true }) },
  {
    name: "unsorted C",
    options: [],
    words: ["format", "c", "unsorted"],
    format: (btf) => formatC(btf, { sorted: false }),
  },
  { name: "raw text", options: [], words: [], format: (btf) => formatRaw(btf) },
  {
    name: "JSON",
    options: ["-j"],
    words: [],
    format: (btf) => `${formatRaw(btf, { style: "json", likeBpftool: true })}\n`,
  },
  {
    name: "pretty JSON",
    options: ["-p"],
    words: [],
    format: (btf) => `${formatRaw(btf, { style: "pretty-json", likeBpftool: true })}\n`,
  },
];

/** The BTF of a raw file or an ELF file; undefined where it has none. */
function btfOf(path: string): Btf | undefined {
  const data = readFileSync(path);
  if (data[0] !== 0x7f) return Btf.parse(data, { source: path });
  const elf = parseElf(data, path);
  const section = elf.sections.find(({ name }) => name === ".BTF");
  return section && Btf.parse(elf.contents(section), { source: path });
}

describe("BTF as bpftool prints it", { skip: lacking("tool:bpftool") }, () => {
  for (const { name, options, words, format } of forms) {
    test(`${name} of the running kernel`, { skip: existsSync(VMLINUX) ? false : `there is no ${VMLINUX}` }, () => {
      const theirs = peer(...options, "btf", "dump", "file", VMLINUX, ...words);
      const ours = format(btfOf(VMLINUX) as Btf);
      // Without a message: a difference of megabytes would take minutes to print.
      assert.ok(theirs.ok && ours === theirs.output);
    });

    test(`${name} of every object`, (t) => {
      const objects = objectNames().flatMap((object) => {
        const path = `test/bpf/${object}.bpf.o`;
        const btf = btfOf(path);
        return btf === undefined ? [] : [{ path, ours: format(btf) }];
      });
      assert.ok(objects.length > 60, `${objects.length} objects`);
      // One bpftool for all of them, because each start takes a tenth of a second.
      const isText = options.length === 0;
      if (isText) {
        const lines = join(withDirectory(t), "lines");
        writeFileSync(lines, objects.map(({ path }) => `${["btf dump file", path, ...words].join(" ")}\n`).join(""));
        if (peer("batch", "file", lines).output === objects.map(({ ours }) => ours).join("")) return;
      }
      for (const { path, ours } of objects) {
        assert.equal(ours, peer(...options, "btf", "dump", "file", path, ...words).output, path);
      }
      assert.ok(!isText, "bpftool prints the same for each object, but not for all of them by batch");
    });
  }
});
