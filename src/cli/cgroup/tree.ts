import { opendirSync, statSync } from "node:fs";
import { cgroup2Mount } from "../../sys/index.ts";
import type { Run } from "../command.ts";
import { CommandError } from "../command-error.ts";
import { failedTo } from "../reason.ts";
import { attachNames } from "./attach-name.ts";
import { cgroupPrograms } from "./query.ts";
import { headText, rowJson, rowText } from "./render.ts";
import { takeEffective } from "./show.ts";

/** `bpfts cgroup tree [CGROUP_ROOT] [effective]`. */
export const showCgroupTree: Run = (words) => {
  // A directory of that name would need its `./`; bpftool takes the keyword alone for a path.
  const rootGiven = words.left > 1 || (words.left === 1 && !"effective".startsWith(words.peek ?? ""));
  const root = rootGiven ? words.take("a cgroup") : cgroup2Mount();
  if (root === undefined) throw new CommandError("cgroup v2 isn't mounted");
  const effective = takeEffective(words);
  const cgroups = [...cgroupsBelow(root)]
    .map(({ path, level }) => ({ path, level, programs: cgroupPrograms(path, effective) }))
    .filter(({ programs }) => programs.length > 0);
  const names = attachNames(cgroups.flatMap(({ programs }) => programs));
  return {
    *text() {
      yield `CgroupPath\n${headText(effective)}`;
      for (const { path, level, programs } of cgroups) {
        yield `${path}\n`;
        for (const program of programs) yield rowText(program, level > 0 ? "    " : "", names);
      }
    },
    json: () =>
      cgroups.map(({ path, programs }) => ({
        cgroup: path,
        programs: programs.map((program) => rowJson(program, names)),
      })),
  };
};

/** A directory and all below it in the order of the file system, each before what is in it, none on another device. */
function* cgroupsBelow(root: string): Generator<{ path: string; level: number }> {
  let device: number;
  try {
    device = statSync(root).dev;
  } catch (error) {
    throw failedTo(`can't iterate over ${root}`, error);
  }
  const stack: Iterator<{ path: string; level: number }>[] = [[{ path: root, level: 0 }].values()];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const next = top.next();
    if (next.done) {
      stack.pop();
      continue;
    }
    const { path, level } = next.value;
    yield next.value;
    stack.push(
      subdirectories(path, device)
        .map((name) => ({ path: `${path}/${name}`, level: level + 1 }))
        .values(),
    );
  }
}

function subdirectories(path: string, device: number): string[] {
  const names: string[] = [];
  let entries: ReturnType<typeof opendirSync>;
  try {
    entries = opendirSync(path);
  } catch {
    // A cgroup that went away meanwhile.
    return names;
  }
  try {
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
      if (!entry.isDirectory()) continue;
      if (statSync(`${path}/${entry.name}`, { throwIfNoEntry: false })?.dev === device) names.push(entry.name);
    }
  } finally {
    entries.closeSync();
  }
  return names;
}
