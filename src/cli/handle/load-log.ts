import type { LoadOptions } from "../../load/index.ts";
import { writeNote, writeText } from "../output/write.ts";
import type { Options } from "../words/options.ts";

/** The log level of the option -d: the verifier's levels 1 and 2, and statistics. */
const DEBUG_LOG = 1 + 2 + 4;

/** Returns the options of a load that print its steps and the verifier's logs, if the user gave -d. */
export function loadDebugging({ debug }: Options): Pick<LoadOptions, "logLevel" | "onLog" | "onStep"> {
  return debug ? { logLevel: DEBUG_LOG, onLog: showLog, onStep: showStep } : {};
}

function showLog(program: string, log: string): void {
  writeText(2, `prog '${program}': -- BEGIN PROG LOAD LOG --\n${log.trimEnd()}\n-- END PROG LOAD LOG --\n`);
}

function showStep(step: string): void {
  writeNote(`load: ${step}`);
}
