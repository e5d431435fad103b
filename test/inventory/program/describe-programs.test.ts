import assert from "node:assert/strict";
import { test } from "node:test";
import { describePrograms, type ProgramDescription } from "../../../src/inventory/index.ts";
import { FEW_PROGRAMS, manyPrograms } from "../../../src/inventory/program/describe-programs.ts";
import { iteratedPrograms, openProgramIterator } from "../../../src/inventory/program/iterate-programs.ts";
import { ProgramReader } from "../../../src/inventory/program/read-program.ts";
import { objectFds } from "../../../src/kernel/index.ts";
import { loadObject } from "../../../src/load/index.ts";
import { enableStats } from "../../../src/program/index.ts";
import { kernelAtLeast, mapCreate, progBindMap, progInfo, progLoad } from "../../../src/sys/index.ts";
import { BpfMapType, BpfProgType } from "../../../src/uapi/index.ts";
import { owned } from "../../support/cleanup.ts";
import { needs } from "../../support/feature.ts";
import { returning } from "../../support/programs.ts";

/** Of test/bpf/run, what 5.10 has. */
const OF_RUN = ["length", "write", "mark", "lookup"];

test("every loaded program is described, its maps, its metadata and its full name among the rest", () => {
  using metadata = loadObject("test/bpf/metadata.bpf.o");
  using long = loadObject("test/bpf/names-long.bpf.o");
  const records = new Map([...describePrograms()].map((record) => [record.id, record]));
  for (const object of [metadata, long]) {
    for (const program of Object.values(object.programs)) {
      const record = records.get(program.id);
      assert.equal(record?.name, program.name);
      assert.equal(record?.tag, program.tag);
      assert.equal(record?.type, program.type);
      assert.ok((record?.memlock ?? 0) >= 4096);
      assert.ok((record?.verifiedInsns ?? 1) > 0);
      using reader = new ProgramReader();
      assert.deepEqual({ ...reader.describe(program.fd), metadata: [] }, { ...record, metadata: [] });
    }
  }
  const described = [...records.values()].find(({ id }) => id === Object.values(metadata.programs)[0]?.id);
  assert.ok((described?.metadata.length ?? 0) > 0);
  assert.deepEqual(
    [...records.keys()],
    [...records.keys()].sort((a, b) => a - b),
  );
});

test("the iterator tells of each program what the kernel does, or that it is to be asked", (t) => {
  if (!needs(t, "machine:first_namespaces")) return;
  if (!kernelAtLeast(5, 19)) {
    assert.equal(openProgramIterator(), undefined);
    return;
  }
  using run = loadObject("test/bpf/run.bpf.o", { programs: OF_RUN });
  using maps = loadObject("test/bpf/maps-hash.bpf.o");
  using functions = loadObject("test/bpf/functions.bpf.o");
  using metadata = loadObject("test/bpf/metadata.bpf.o");
  using long = loadObject("test/bpf/names-long.bpf.o");
  using _ = enableStats();
  const { length: ran, mark: many, ...others } = run.programs;
  const { first, alone } = functions.programs;
  assert.ok(ran !== undefined && many !== undefined && first !== undefined && alone !== undefined);
  ran.run({ dataIn: new Uint8Array(64) });
  for (let i = 0; i < 12; i++) {
    const map = { map_type: BpfMapType.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 4, max_entries: 1 };
    progBindMap(many.fd, owned(t, mapCreate(map)));
  }
  const iterator = openProgramIterator();
  assert.ok(iterator !== undefined);
  using reader = new ProgramReader();
  const told = new Map<number, ProgramDescription | number>();
  for (const one of iteratedPrograms(iterator, reader)) told.set(typeof one === "number" ? one : one.id, one);
  iterator.close();
  assert.equal(told.get(iterator.programId), undefined, "not of itself");
  for (const { id } of [ran, many, first, ...Object.values(long.programs)]) assert.equal(told.get(id), id);
  const simple = [
    ...Object.values(others),
    alone,
    ...Object.values(maps.programs),
    ...Object.values(metadata.programs),
  ];
  for (const program of simple) {
    const record = told.get(program.id);
    assert.ok(typeof record === "object", program.name);
    assert.deepEqual(comparable(record), comparable(reader.describe(program.fd)));
  }
  assert.ok(simple.some(({ id }) => (told.get(id) as ProgramDescription).mapIds.length === 7));
  assert.ok(simple.some(({ id }) => (told.get(id) as ProgramDescription).metadata.length > 0));
});

test("many programs are the same as a few", (t) => {
  using run = loadObject("test/bpf/run.bpf.o", { programs: OF_RUN });
  using long = loadObject("test/bpf/names-long.bpf.o");
  using reader = new ProgramReader();
  const own = [run, long].flatMap(({ programs }) => Object.values(programs).map(({ id }) => id));
  const described = (records: Iterable<ProgramDescription>): ProgramDescription[] =>
    [...records].filter(({ id }) => own.includes(id)).map(comparable);
  const asked = described(readOneByOne(reader));
  assert.deepEqual(asked.length, own.length);
  assert.deepEqual(described(manyPrograms(reader, 0)), asked);
  assert.deepEqual(described(manyPrograms(reader, asked[2]?.id ?? 0)), asked.slice(3));
  assert.deepEqual(described(readOneByOne(reader, asked[2]?.id)), asked.slice(3));
  // More than are asked for one by one.
  for (let i = 0; i < FEW_PROGRAMS; i++) {
    own.push(progInfo(owned(t, progLoad({ prog_type: BpfProgType.BPF_PROG_TYPE_XDP, insns: returning(2) }))).id);
  }
  const all = described(describePrograms());
  assert.deepEqual(
    all.map(({ id }) => id),
    own,
  );
  // Another reader may take the time of boot for another, by less than a second.
  const timeless = (records: ProgramDescription[]): ProgramDescription[] =>
    records.map((record) => ({ ...record, loadedAt: undefined }));
  assert.deepEqual(timeless(all), timeless(described(readOneByOne(reader))));
});

function* readOneByOne(reader: ProgramReader, after = 0): Generator<ProgramDescription> {
  for (const fd of objectFds("program", { after })) yield reader.describe(fd);
}

/** A record, and of its metadata what is no BTF. */
function comparable(record: ProgramDescription): ProgramDescription {
  const metadata = record.metadata.map((variable) => ({ ...variable, btf: undefined as never }));
  return { ...record, metadata };
}
