// A program whose symbol names another section than the one that holds the function, as some binary rewriters leave it.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { findFunction, parseElf, SectionType } from "../../../src/elf/index.ts";
import { attachUprobe, attachUprobeMulti, type Link, type UprobeMultiPlace } from "../../../src/link/index.ts";
import type { Program } from "../../../src/program/index.ts";
import { needs } from "../../support/feature.ts";
import { RunningTarget } from "../running-target.ts";
import { traced } from "../tracing-object.ts";

/** Makes the symbol `probes` name a section by whose place the function would lie elsewhere in the file. */
function makeStale(data: Buffer): void {
  const elf = parseElf(data, "target");
  const table = elf.sections.find(({ type }) => type === SectionType.SHT_SYMTAB);
  const symbol = elf.symbols && [...elf.symbols].find(({ name }) => name === "probes");
  assert.ok(table && symbol);
  const { offset } = findFunction(elf, "probes");
  const other = elf.sections.find((section) => {
    const wrong = symbol.value - section.address + section.offset;
    return section.index > 0 && wrong > 0 && wrong < data.length && wrong !== offset;
  });
  assert.ok(other);
  // st_shndx of an Elf64_Sym.
  data.writeUInt16LE(other.index, table.offset + 24 * symbol.index + 6);
}

async function assertFires(t: TestContext, name: string, attach: (program: Program, path: string) => Link) {
  const target = new RunningTarget(t, "target-moved", makeStale);
  const probe = traced(t, name, { everybody: true });
  using _ = attach(probe.program, target.path);
  for (let run = 1n; run <= 3n; run++) {
    await target.fire();
    assert.equal(probe.count(), run);
  }
}

test("a uprobe by symbol fires though the symbol's section is stale", (t) =>
  assertFires(t, "on_uprobe_anywhere", (program, binary) => attachUprobe(program, { binary, symbol: "probes" })));

for (const [how, place] of Object.entries({
  symbols: { symbols: ["probes"] },
  "a pattern": { pattern: "prob?s" },
} satisfies Record<string, Partial<UprobeMultiPlace>>)) {
  test(`uprobe_multi by ${how} fires though the symbol's section is stale`, async (t) => {
    if (!needs(t, "link:uprobe_multi")) return;
    await assertFires(t, "on_uprobe_multi", (program, binary) => attachUprobeMulti(program, { binary, ...place }));
  });
}
