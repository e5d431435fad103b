import type { Answer } from "../answer.ts";
import type { Run } from "../command.ts";
import { eachProgram, takePrograms } from "../handle/program.ts";
import { pinnedPaths } from "../pinned-paths.ts";
import { gatherRefs } from "../references.ts";
import { ProgramGatherer } from "./gather.ts";
import type { ProgramRecord } from "./record.ts";
import { programJson, programText } from "./render.ts";

/** `bpfts prog show [PROG]`. */
export const showPrograms: Run = async (words, options) => {
  const all = words.left === 0;
  const programs = all ? eachProgram() : takePrograms(words);
  const records: ProgramRecord[] = [];
  if (!all) words.end();
  const gatherer = new ProgramGatherer(
    options.bpffs ? pinnedPaths("program") : undefined,
    await gatherRefs("program", options),
  );
  for (const fd of programs) {
    try {
      records.push(gatherer.record(fd.number));
    } finally {
      fd.close();
    }
  }
  return programsAnswer(records, all || records.length > 1);
};

/** Many programs are an array; a single one that was asked for is an object. */
function programsAnswer(records: readonly ProgramRecord[], array: boolean): Answer {
  return {
    text: () => records.map(programText),
    json: () => (array ? records.map(programJson) : programJson(records[0] as ProgramRecord)),
  };
}
