import {
  FEW_PROGRAMS,
  ProgramDetailsReader,
  ProgramReader,
  type ProgramRecord,
  pinnedPaths,
  pinsOf,
  programRecords,
} from "../../inventory/index.ts";
import type { Run } from "../command/command.ts";
import { failedTo } from "../failure/reason.ts";
import { takePrograms } from "../handle/program.ts";
import { gatherRefs } from "../handle/references.ts";
import { Listing } from "../output/listing.ts";
import type { Options } from "../words/options.ts";
import type { Words } from "../words/words.ts";
import { programJson, programText, type ShownProgram } from "./render.ts";

/** `bpfts prog show [PROG]`. Many programs are an array; a single one that was asked for is an object. */
export const showPrograms: Run = async (words, options) => {
  const chosen = words.left === 0 ? undefined : chosenPrograms(words);
  const pins = options.bpffs ? pinnedPaths("program") : undefined;
  const refs = await gatherRefs("program", options);
  const filter = isFiltered(options) ? (await import("./filter.ts")).programFilter(options, refs) : undefined;
  using details = options.details ? new ProgramDetailsReader() : undefined;
  const array = chosen === undefined || filter !== undefined || chosen.length > 1;
  const listing = new Listing<ShownProgram>({ text: programText, json: programJson }, options, array);
  const add = (record: ProgramRecord): void => {
    if (filter !== undefined && !filter(record)) return;
    listing.add({
      record,
      pinned: pinsOf(pins, record.id),
      refs: refs.get(record.id) ?? [],
      details: details?.details(record),
    });
  };
  if (chosen === undefined) await addEvery(add);
  else chosen.forEach(add);
  return listing.answer();
};

async function addEvery(add: (record: ProgramRecord) => void): Promise<void> {
  using reader = new ProgramReader();
  let count = 0;
  let last = 0;
  for (const record of told(programRecords(reader, { most: FEW_PROGRAMS }))) {
    count += 1;
    last = record.id;
    add(record);
  }
  if (count < FEW_PROGRAMS) return;
  const { manyProgramRecords } = await import("./many-programs.ts");
  for (const record of told(manyProgramRecords(reader, last))) add(record);
}

function* told(records: Iterable<ProgramRecord>): Generator<ProgramRecord> {
  try {
    yield* records;
  } catch (error) {
    throw failedTo("can't get prog info", error);
  }
}

function isFiltered({ progType, pid, cgroup, usesMap }: Options): boolean {
  return [progType, pid, cgroup, usesMap].some((value) => value !== undefined);
}

function chosenPrograms(words: Words): ProgramRecord[] {
  const programs = takePrograms(words);
  using reader = new ProgramReader();
  try {
    words.end();
    return programs.map((fd) => reader.record(fd.number));
  } catch (error) {
    throw failedTo("can't get prog info", error);
  } finally {
    for (const fd of programs) fd.close();
  }
}
