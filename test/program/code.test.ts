import assert from "node:assert/strict";
import { test } from "node:test";
import { jitedRecords } from "../../src/asm/index.ts";
import { loadObject } from "../../src/load/index.ts";
import { openDisassembler } from "../../src/program/index.ts";
import { kernelAtLeast, kernelSymbolsByAddress } from "../../src/sys/index.ts";
import { lacking } from "../support/feature.ts";

test("instructions of a loaded program have source lines and names", () => {
  using object = loadObject("test/bpf/counter.bpf.o");
  const records = object.programs.egress?.instructions() ?? [];
  assert.match(records[0]?.proto ?? "", /^int egress\(struct __sk_buff \* skb\)$/);
  assert.equal(records[0]?.line?.source, "return count(skb, true);");
  assert.ok(records.some(({ text }) => /call pc\+\d+#bpf_prog_[0-9a-f]{16}_count$/.test(text)));
  assert.ok(records.some(({ text }) => /call bpf_skb_load_bytes#/.test(text)));
});

test("functions of machine code have the kernel's symbols, also with long names and without BTF", async () => {
  const disassemble = await openDisassembler();
  const names = ["counter", "functions-no-btf", "names-long", "minimal-no-btf"];
  // A global function takes a pointer since 5.12.
  if (kernelAtLeast(5, 12)) names.push("functions");
  if (lacking("call:exception") === false) names.push("exceptions");
  for (const name of names) {
    using object = loadObject(`test/bpf/${name}.bpf.o`);
    for (const program of Object.values(object.programs)) {
      const functions = program.jited();
      assert.ok(functions.length > 0);
      const symbols = kernelSymbolsByAddress(functions.map(({ address }) => address));
      for (const fn of functions) {
        assert.equal(fn.name, symbols.get(fn.address)?.name, `${name}: ${program.name}`);
        const records = [...jitedRecords(fn, disassemble)];
        const last = records.at(-1);
        assert.equal((last?.at ?? 0) + (last?.length ?? 0), fn.code.length);
        assert.ok(!records.some(({ text }) => text === "(bad)"));
      }
    }
  }
});
