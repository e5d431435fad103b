import type { ProgramDescription } from "../../inventory/index.ts";
import { cgroupPrograms } from "../../link/index.ts";
import { mapInfo } from "../../sys/index.ts";
import { namesInOrder, progTypeName } from "../../uapi/index.ts";
import { CommandError } from "../failure/command-error.ts";
import { failedTo } from "../failure/reason.ts";
import { takeMaps } from "../handle/map.ts";
import type { Options } from "../words/options.ts";
import { parseU32, Words } from "../words/words.ts";

/**
 * Returns a filter for the options `--type`, `--pid`, `--cgroup` and `--map`. The filter returns true for a program
 * that matches all given options.
 */
export function programFilter(options: Options): (record: ProgramDescription) => boolean {
  const tests: ((record: ProgramDescription) => boolean)[] = [];
  const { progType, pid, cgroup, usesMap } = options;
  if (progType !== undefined) {
    // A newer kernel may have types whose names this version does not know. Users name them by their numbers.
    const names = namesInOrder(progTypeName);
    if (!names.includes(progType) && !/^\d+$/.test(progType)) {
      throw new CommandError(`unknown program type '${progType}'`, { typo: { word: progType, names } });
    }
    tests.push(({ type }) => (progTypeName(type) ?? String(type)) === progType);
  }
  if (pid !== undefined) {
    const wanted = parseU32(pid, "a process");
    tests.push(({ holders }) => holders?.some((holder) => holder.pid === wanted) === true);
  }
  if (cgroup !== undefined) {
    const ids = new Set(programsOf(cgroup));
    tests.push(({ id }) => ids.has(id));
  }
  if (usesMap !== undefined) {
    const ids = mapIds(usesMap);
    tests.push(({ mapIds }) => mapIds.some((id) => ids.has(id)));
  }
  return (record) => tests.every((test) => test(record));
}

function programsOf(cgroup: string): number[] {
  try {
    return cgroupPrograms(cgroup).map(({ id }) => id);
  } catch (error) {
    throw failedTo(`can't query bpf programs attached to ${cgroup}`, error);
  }
}

/** Returns the ids of the maps with this id, name or pin. */
function mapIds(text: string): ReadonlySet<number> {
  const kind = /^(0[xX])?[0-9a-fA-F]+$/.test(text) && /^\d/.test(text) ? "id" : text.includes("/") ? "pinned" : "name";
  const maps = takeMaps(new Words([kind, text]), "read");
  try {
    return new Set(maps.map((fd) => mapInfo(fd.number).id));
  } finally {
    for (const fd of maps) fd.close();
  }
}
