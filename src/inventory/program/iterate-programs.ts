import { OwnIterator } from "../../kernel/index.ts";
import { camelName, formatHex, objectReader } from "../../layout/index.ts";
import { closeFd, mapCreate, type ProgInfo, pageSize, progGetFdById, progInfo } from "../../sys/index.ts";
import { BpfMapType } from "../../uapi/index.ts";
import { IteratedProgram, programIterator } from "./iterated-program.ts";
import { COPIED_FIELDS, NOT_REQUESTED, type ProgramDescription, type ProgramReader } from "./read-program.ts";

/**
 * Loads the iterator program. Returns undefined without capabilities or BTF, in a pid or user namespace, and before
 * 5.19.
 */
export function openProgramIterator(): OwnIterator | undefined {
  let cpuMap: number | undefined;
  try {
    const map = mapCreate({
      map_type: BpfMapType.BPF_MAP_TYPE_PERCPU_ARRAY,
      key_size: 4,
      value_size: 8,
      max_entries: 1,
      map_name: "bpfts_cpus",
    });
    cpuMap = map;
    return new OwnIterator({
      target: "bpf_prog",
      since: "5.9",
      name: "bpfts_programs",
      code: (types) => programIterator(types, map),
      recordSize: IteratedProgram.size,
    });
  } catch {
    return undefined;
  } finally {
    if (cpuMap !== undefined) closeFd(cpuMap);
  }
}

/**
 * Yields the description of each loaded program. If the iterator's record of a program is incomplete, yields only the
 * program's id.
 */
export function* iteratedPrograms(
  iterator: OwnIterator,
  reader: ProgramReader,
): Generator<ProgramDescription | number, void, undefined> {
  const { id, incomplete } = IteratedProgram.offsets;
  const read = descriptionReader(reader, infoOf(iterator.programId));
  for (const { bytes, at } of iterator.records()) {
    const number = bytes.getUint32(at + id, true);
    if (number === iterator.programId) continue;
    yield bytes.getUint32(at + incomplete, true) === 0 ? read(bytes, at) : number;
  }
}

function infoOf(id: number): ProgInfo {
  const fd = progGetFdById(id);
  try {
    return progInfo(fd);
  } finally {
    closeFd(fd);
  }
}

type ReadField = (view: DataView, at: number) => unknown;

/**
 * Returns a function that converts a record of the iterator to a description. `sample` is the info of any program. A
 * field that is undefined there does not exist on this kernel.
 */
function descriptionReader(
  reader: ProgramReader,
  sample: ProgInfo,
): (view: DataView, at: number) => ProgramDescription {
  const { fields, offsets } = IteratedProgram;
  const page = pageSize();
  const members = new Map<string, ReadField>();
  for (const name of COPIED_FIELDS) {
    const field = fields[name];
    const isKnown = sample[name] !== undefined;
    members.set(camelName(name), (view, at) => (isKnown ? field.read(view, at + offsets[name]) : undefined));
  }
  const mapIds: ReadField = (view, at) =>
    fields.map_ids.read(view, at + offsets.map_ids).slice(0, view.getUint32(at + offsets.nr_map_ids, true));
  const special: { readonly [name in keyof ProgramDescription]?: ReadField } = {
    ...NOT_ITERATED,
    tag: (view, at) => formatHex(fields.tag.read(view, at + offsets.tag)),
    loadedAt: (view, at) => reader.loadedAt(fields.load_time.read(view, at + offsets.load_time)),
    memlock: (view, at) => view.getUint32(at + offsets.pages, true) * page,
    mapIds,
    metadata: (view, at) => reader.metadata(mapIds(view, at) as number[]),
  };
  for (const [name, read] of Object.entries(special)) members.set(name, read);
  for (const name of Object.keys(NOT_REQUESTED)) members.set(name, () => undefined);
  return objectReader([...members].map(([name, read]) => ({ name, offset: 0, read }))) as (
    view: DataView,
    at: number,
  ) => ProgramDescription;
}

const zero = (): bigint => 0n;

/** The fields that have the same value in every complete record. */
const NOT_ITERATED = {
  runTimeNs: zero,
  runCnt: zero,
  recursionMisses: zero,
  orphaned: () => false,
  device: () => undefined,
} satisfies { readonly [name in keyof ProgramDescription]?: ReadField };
