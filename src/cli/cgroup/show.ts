import type { Run } from "../command.ts";
import { CommandError } from "../command-error.ts";
import type { Words } from "../words.ts";
import { attachNames } from "./attach-name.ts";
import { cgroupPrograms } from "./query.ts";
import { headText, rowJson, rowText } from "./render.ts";

/** `bpfts cgroup show CGROUP [effective]`. */
export const showCgroup: Run = (words) => {
  words.need(1);
  const path = words.take("a cgroup");
  const effective = takeEffective(words);
  const programs = cgroupPrograms(path, effective);
  const names = attachNames(programs);
  return {
    *text() {
      if (programs.length === 0) return;
      yield headText(effective);
      for (const program of programs) yield rowText(program, "", names);
    },
    json: () => programs.map((program) => rowJson(program, names)),
  };
};

/** The last word of `show` and `tree`. */
export function takeEffective(words: Words): boolean {
  if (words.left === 0) return false;
  if (!words.takeKeyword("effective")) {
    throw new CommandError(`expected no more arguments, 'effective', got: '${words.peek}'?`);
  }
  if (words.left > 0) throw new CommandError(`expected no more arguments, got: '${words.peek}'?`);
  return true;
}
