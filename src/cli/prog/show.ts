import { describePrograms, ProgramDetailsReader, ProgramReader } from "../../kernel/index.ts";
import type { Answer } from "../answer.ts";
import type { Run } from "../command.ts";
import { takePrograms } from "../handle/program.ts";
import type { Options } from "../options.ts";
import { pinnedPaths, pinsOf } from "../pinned-paths.ts";
import { failedTo } from "../reason.ts";
import { gatherRefs } from "../references.ts";
import type { Words } from "../words.ts";
import { programJson, programText, type ShownProgram } from "./render.ts";

/** `bpfts prog show [PROG]`. */
export const showPrograms: Run = async (words, options) => {
  const all = words.left === 0;
  const records = all ? everyProgram() : chosenPrograms(words);
  const pins = options.bpffs ? pinnedPaths("program") : undefined;
  const refs = await gatherRefs("program", options);
  const filter = isFiltered(options) ? (await import("./filter.ts")).programFilter(options, refs) : undefined;
  using details = options.details ? new ProgramDetailsReader() : undefined;
  const shown = (filter === undefined ? records : records.filter(filter)).map((record) => ({
    record,
    pinned: pinsOf(pins, record.id),
    refs: refs.get(record.id) ?? [],
    details: details?.details(record),
  }));
  return programsAnswer(shown, all || filter !== undefined || shown.length > 1);
};

function isFiltered({ progType, pid, cgroup, usesMap }: Options): boolean {
  return [progType, pid, cgroup, usesMap].some((value) => value !== undefined);
}

type Records = ShownProgram["record"][];

function everyProgram(): Records {
  try {
    return describePrograms();
  } catch (error) {
    throw failedTo("can't get prog info", error);
  }
}

function chosenPrograms(words: Words): Records {
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

/** Many programs are an array; a single one that was asked for is an object. */
function programsAnswer(programs: readonly ShownProgram[], array: boolean): Answer {
  return {
    text: function* () {
      for (const program of programs) yield programText(program);
    },
    json: () => (array ? programs.map(programJson) : programJson(programs[0] as ShownProgram)),
  };
}
