import { isGone, OwnIterator } from "../../kernel/index.ts";
import { chars, formatHex } from "../../layout/index.ts";
import { closeFd, kernelAtLeast, mapCreate, pageSize, progGetFdById } from "../../sys/index.ts";
import { BPF_OBJ_NAME_LEN, BpfMapType, SLOT_SIZE } from "../../uapi/index.ts";
import { FEW_PROGRAMS, ProgramReader, type ProgramRecord, programRecords } from "./record.ts";
import { IteratedRecord, recordProgram } from "./record-program.ts";

const NAME = chars(BPF_OBJ_NAME_LEN);

/** Describes every loaded program in the order of their ids; those that go away meanwhile are left out. Needs CAP_SYS_ADMIN. */
export function describePrograms(): ProgramRecord[] {
  using reader = new ProgramReader();
  const records = [...programRecords(reader, { most: FEW_PROGRAMS })];
  const last = records[FEW_PROGRAMS - 1];
  if (last !== undefined) for (const record of manyProgramRecords(reader, last.id)) records.push(record);
  return records;
}

/**
 * Like {@link programRecords}, of the programs with ids above `after`, for thousands of them: one program of our own tells
 * of all what takes four system calls for each, and those calls are made where it leaves something out. All of them by
 * those calls where it cannot run.
 */
export function* manyProgramRecords(reader: ProgramReader, after: number): Generator<ProgramRecord, void, undefined> {
  const iterator = openRecordIterator();
  if (iterator === undefined) {
    yield* programRecords(reader, { after });
    return;
  }
  try {
    for (const one of iteratedRecords(iterator, reader)) {
      if (typeof one !== "number") {
        if (one.id > after) yield one;
      } else if (one > after) yield* askedRecord(reader, one);
    }
  } finally {
    iterator.close();
  }
}

/** The program and its iterator; undefined where they cannot be. */
export function openRecordIterator(): OwnIterator | undefined {
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
      code: (types) => recordProgram(types, map),
      recordSize: IteratedRecord.size,
    });
  } catch {
    // Without the rights, without BTF, in a namespace, or before 5.19.
    return undefined;
  } finally {
    if (cpuMap !== undefined) closeFd(cpuMap);
  }
}

/** What the iterator tells of each program, or its id where the kernel is to be asked. */
export function* iteratedRecords(
  iterator: OwnIterator,
  reader: ProgramReader,
): Generator<ProgramRecord | number, void, undefined> {
  const decode = recordDecoder(reader);
  for (const { bytes, at } of iterator.records()) {
    const id = bytes.getUint32(at + IteratedRecord.id, true);
    if (id === iterator.programId) continue;
    yield bytes.getUint32(at + IteratedRecord.ask, true) === 0 ? decode(bytes, at) : id;
  }
}

function* askedRecord(reader: ProgramReader, id: number): Generator<ProgramRecord, void, undefined> {
  let fd: number;
  try {
    fd = progGetFdById(id);
  } catch (error) {
    if (isGone(error)) return;
    throw error;
  }
  try {
    yield reader.record(fd);
  } finally {
    closeFd(fd);
  }
}

function recordDecoder(reader: ProgramReader): (bytes: DataView, at: number) => ProgramRecord {
  const page = pageSize();
  const tellsVerified = kernelAtLeast(5, 16);
  const tellsTarget = kernelAtLeast(6, 0);
  const field = IteratedRecord;
  return (bytes, at) => {
    const u32 = (offset: number): number => bytes.getUint32(at + offset, true);
    const map_ids: number[] = [];
    for (let i = 0, count = u32(field.nr_maps); i < count; i++) map_ids.push(u32(field.map_ids + 4 * i));
    const tag = new Uint8Array(bytes.buffer, at + field.tag, 8);
    return {
      id: u32(field.id),
      type: u32(field.type),
      name: NAME.read(bytes, at + field.name),
      tag: formatHex(tag),
      gpl_compatible: (bytes.getUint8(at + field.gpl) & 1) !== 0,
      run_time_ns: 0n,
      run_cnt: 0n,
      recursion_misses: 0n,
      device: undefined,
      loaded_at: reader.loadedAt(bytes.getBigUint64(at + field.load_time, true)),
      created_by_uid: u32(field.uid),
      orphaned: false,
      xlated_prog_len: u32(field.len) * SLOT_SIZE,
      jited_prog_len: u32(field.jited_len),
      memlock: u32(field.pages) * page,
      map_ids,
      btf_id: u32(field.btf_id),
      metadata: reader.metadata(map_ids),
      verified_insns: tellsVerified ? u32(field.verified_insns) : undefined,
      attach_btf_obj_id: tellsTarget ? u32(field.attach_btf_obj_id) : undefined,
      attach_btf_id: tellsTarget ? u32(field.attach_btf_id) : undefined,
    };
  };
}
