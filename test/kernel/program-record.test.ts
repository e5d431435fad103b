import assert from "node:assert/strict";
import { test } from "node:test";
import { describePrograms, loadObject, ProgramReader } from "../../src/kernel/index.ts";

test("every loaded program is described, its maps, its metadata and its full name among the rest", () => {
  using metadata = loadObject("test/bpf/metadata.bpf.o");
  using long = loadObject("test/bpf/names-long.bpf.o");
  const records = new Map(describePrograms().map((record) => [record.id, record]));
  for (const object of [metadata, long]) {
    for (const program of Object.values(object.programs)) {
      const record = records.get(program.id);
      assert.equal(record?.name, program.name);
      assert.equal(record?.tag, program.tag);
      assert.equal(record?.type, program.type);
      assert.ok((record?.memlock ?? 0) >= 4096);
      assert.ok((record?.verified_insns ?? 1) > 0);
      using reader = new ProgramReader();
      assert.deepEqual({ ...reader.record(program.fd), metadata: [] }, { ...record, metadata: [] });
    }
  }
  const described = [...records.values()].find(({ id }) => id === Object.values(metadata.programs)[0]?.id);
  assert.ok((described?.metadata.length ?? 0) > 0);
  assert.deepEqual(
    [...records.keys()],
    [...records.keys()].sort((a, b) => a - b),
  );
});
