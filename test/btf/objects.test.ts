import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Btf, BtfBuilder, BtfEdit, compileReader, copyTypes, parseBtfExt } from "../../src/btf/index.ts";
import { WORDS } from "../../src/btf/memory-keys.ts";
import { parseElf } from "../../src/elf/index.ts";

const DIRECTORY = join(process.cwd(), "test/bpf");

describe("what compilers write into objects", () => {
  for (const file of readdirSync(DIRECTORY).filter((name) => name.endsWith(".bpf.o"))) {
    test(file, () => {
      const elf = parseElf(readFileSync(join(DIRECTORY, file)), file);
      const section = (name: string): Uint8Array | undefined => {
        const found = elf.sections.find((candidate) => candidate.name === name);
        return found === undefined ? undefined : elf.contents(found);
      };
      const data = section(".BTF");
      if (data === undefined) return;
      const btf = Btf.parse(data, { source: `${file} .BTF` });
      assert.equal(btf.little, elf.little);
      for (const id of btf.ids()) {
        const type = btf.type(id);
        if (type.kind !== "struct" && type.kind !== "union" && type.kind !== "array") continue;
        compileReader(btf, id)(new DataView(new ArrayBuffer(btf.sizeOf(id))), 0);
      }
      assert.deepEqual([...Btf.parse(new BtfEdit(btf).encode())[WORDS]], [...btf[WORDS]]);

      const builder = new BtfBuilder({ little: btf.little });
      const ids = copyTypes(btf, btf.ids(), builder);
      const copy = Btf.parse(builder.encode());
      for (const [old, now] of ids) assert.equal(copy.name(now), btf.name(old));

      const records = section(".BTF.ext");
      if (records === undefined) return;
      const ext = parseBtfExt(records, { source: `${file} .BTF.ext` });
      assert.equal(ext.little, btf.little);
      for (const infos of ext.funcInfos) {
        for (let i = 0; i < infos.count; i++) assert.equal(btf.type(infos.funcInfo(i).typeId).kind, "func");
      }
      for (const infos of ext.lineInfos) {
        for (let i = 0; i < infos.count; i++) assert.ok(btf.string(infos.lineInfo(i).fileNameOffset).length > 0);
      }
      for (const infos of ext.coreRelocations) {
        for (let i = 0; i < infos.count; i++) assert.match(infos.coreRelocation(i, btf).accessString, /^\d+(:\d+)*$/);
      }
    });
  }
});
