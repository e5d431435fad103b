import { describePrograms, type ProgramDescription } from "../../inventory/index.ts";
import type { OwnedFd } from "../../sys/index.ts";
import type { Run } from "../command/command.ts";
import { failedTo } from "../failure/reason.ts";
import { holderOptions } from "../handle/holders.ts";
import { takePrograms } from "../handle/program.ts";
import { Listing } from "../output/listing.ts";
import type { Options } from "../words/options.ts";
import type { Words } from "../words/words.ts";
import { programJson, programText } from "./render.ts";

/**
 * `bpfts prog show [PROG]`. With -j and without a filter, a single program that the user named is printed as an object.
 * In all other cases, the output is an array.
 */
export const showPrograms: Run = async (words, options) => {
  const chosen = words.left === 0 ? undefined : chosenPrograms(words);
  try {
    const isShown = isFiltered(options) ? (await import("./filter.ts")).programFilter(options) : undefined;
    if (options.table) {
      const programs = described(chosen, options);
      const shown = isShown === undefined ? programs : filtered(programs, isShown);
      return (await import("./table.ts")).programTable(shown, options);
    }
    const isArray = chosen === undefined || isShown !== undefined || chosen.length > 1;
    const listing = new Listing<ProgramDescription>({ text: programText, json: programJson }, options, isArray);
    for (const program of described(chosen, options)) if (isShown?.(program) !== false) listing.add(program);
    return listing.answer();
  } finally {
    for (const fd of chosen ?? []) fd.close();
  }
};

function* described(chosen: readonly OwnedFd[] | undefined, options: Options): Generator<ProgramDescription> {
  try {
    yield* describePrograms({
      fds: chosen?.map((fd) => fd.number),
      pins: options.bpffs,
      holders: holderOptions(options),
      details: options.details,
    });
  } catch (error) {
    throw failedTo("can't get prog info", error);
  }
}

function* filtered<T>(records: Iterable<T>, isShown: (record: T) => boolean): Generator<T> {
  for (const record of records) if (isShown(record)) yield record;
}

function isFiltered({ progType, pid, cgroup, usesMap }: Options): boolean {
  return [progType, pid, cgroup, usesMap].some((value) => value !== undefined);
}

function chosenPrograms(words: Words): OwnedFd[] {
  const programs = takePrograms(words);
  try {
    words.end();
    return programs;
  } catch (error) {
    for (const fd of programs) fd.close();
    throw error;
  }
}
