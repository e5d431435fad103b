import { cgroupPrograms } from "../../link/index.ts";
import type { Run } from "../command/command.ts";
import { attachNames } from "./attach-names.ts";
import { headText, rowJson, rowText } from "./render.ts";
import { takeView } from "./view.ts";

/** `bpfts cgroup show CGROUP [effective] [details]`. */
export const showCgroup: Run = async (words) => {
  words.need(1);
  const path = words.take("a cgroup");
  const view = takeView(words);
  const programs = cgroupPrograms(path, view);
  const names = await attachNames([{ programs }]);
  return {
    *text() {
      if (programs.length === 0) return;
      yield headText(view);
      for (const program of programs) yield rowText(program, view, names);
    },
    json: () => programs.map((program) => rowJson(program, view, names)),
  };
};
