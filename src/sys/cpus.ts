import { readFileSync } from "node:fs";
import { FormatError } from "../errors/index.ts";

const POSSIBLE = "/sys/devices/system/cpu/possible";
const ONLINE = "/sys/devices/system/cpu/online";

/** More CPUs than any kernel is built for (NR_CPUS is at most 8,192), so that a wrong file cannot make a huge list. */
const MOST_CPUS = 65536;

let possible: readonly number[] | undefined;

/** The CPUs that could ever be there; read once. */
export function possibleCpuIds(): readonly number[] {
  possible ??= parseCpuList(readFileSync(POSSIBLE, "utf8"), POSSIBLE);
  return possible;
}

/** How many values an element of a per-CPU map has: the number of CPUs that could ever be there. */
export function possibleCpus(): number {
  return possibleCpuIds().length;
}

/** The CPUs that are on. */
export function onlineCpus(): number[] {
  return parseCpuList(readFileSync(ONLINE, "utf8"), ONLINE);
}

/** Parses a list of CPUs such as `0-3,8`. */
export function parseCpuList(text: string, source = "the CPU list"): number[] {
  const cpus: number[] = [];
  for (const part of text.trim().split(",")) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? first);
    if (match === null || !(first <= last && last < MOST_CPUS)) {
      throw new FormatError({ source }, `${JSON.stringify(part)} is not a range of CPUs`);
    }
    for (let cpu = first; cpu <= last; cpu++) cpus.push(cpu);
  }
  return cpus;
}
