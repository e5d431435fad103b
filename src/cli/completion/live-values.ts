import { readdirSync } from "node:fs";
import { homedir } from "node:os";
import {
  describeBtfObjects,
  describeLinks,
  describeMaps,
  describePrograms,
  describeStructOps,
  type MapDescription,
  type ProgramDescription,
  type StructOpsDescription,
  tokenMounts,
} from "../../inventory/index.ts";
import { cgroup2Mount } from "../../sys/index.ts";
import { BpfProgType, progTypeName } from "../../uapi/index.ts";
import type { Candidate, ValuePlace } from "./candidates.ts";

/** The most words that are offered. A longer list would not be useful in a shell. */
const MOST = 1000;

/**
 * Finds the values that fit a place: ids or names of kernel objects, devices, cgroups or files. Returns no values if
 * they cannot be read, for example because a capability is missing.
 */
export function liveValues(place: ValuePlace, typed: string): Candidate[] {
  try {
    return firstOf(valuesAt(place, typed));
  } catch {
    return [];
  }
}

function firstOf(found: Iterable<Candidate>): Candidate[] {
  const first: Candidate[] = [];
  for (const one of found) if (first.push(one) === MOST) break;
  return first;
}

const DEVICE_WORDS: ReadonlySet<string> = new Set(["dev", "offload_dev", "xdpmeta_dev"]);

function valuesAt({ name, within, after }: ValuePlace, typed: string): Iterable<Candidate> {
  if (name === "FILE" && (within === "PROG" || within === "MAP" || within === "LINK")) {
    return [...pins(within), ...files(typed, () => true)];
  }
  if (name === "devname" || (name === "NAME" && DEVICE_WORDS.has(after))) return devices();
  if (within === "cgroup") return cgroups(typed);
  const find = VALUES[name];
  return find === undefined ? [] : find(typed);
}

/** For each kind of value, by its name in usage texts and in the table of options: the function that finds values. */
const VALUES: Readonly<Record<string, (typed: string) => Iterable<Candidate>>> = {
  PROG_ID: () => programs(({ id, name }) => ({ word: `${id}`, note: name })),
  PROG_NAME: () => programs(({ id, name }) => ({ word: name, note: `id ${id}` })),
  PROG_TAG: () => programs(({ tag, name }) => ({ word: tag, note: name })),
  MAP_ID: () => maps(({ id, name }) => ({ word: `${id}`, note: name })),
  MAP_NAME: () => maps(({ id, name }) => ({ word: name, note: `id ${id}` })),
  MAP: () => maps(({ id, name }) => ({ word: name, note: `id ${id}` })),
  LINK_ID: linkIds,
  BTF_ID: btfIds,
  STRUCT_OPS_MAP_ID: () => structOps(({ id, name }) => ({ word: `${id}`, note: name })),
  STRUCT_OPS_MAP_NAME: () => structOps(({ id, name }) => ({ word: name, note: `id ${id}` })),
  BPFFS: () => tokenMounts().map(({ path }) => ({ word: path })),
  TYPE: () => Object.values(BpfProgType).map((type) => ({ word: progTypeName(type) ?? "" })),
  PID: processes,
  CGROUP: cgroups,
  CGROUP_ROOT: cgroups,
  OBJ: objectFiles,
  OBJECT: objectFiles,
  INPUT_FILE: objectFiles,
  FILE: (typed) => files(typed, () => true),
  PATH: (typed) => files(typed, () => true),
  INPUT: (typed) => files(typed, () => true),
  OUTPUT: (typed) => files(typed, () => true),
  OUTPUT_FILE: (typed) => files(typed, () => true),
  BTF_FILE: (typed) => files(typed, () => true),
  MAP_DIR: (typed) => files(typed, () => false),
  LINK_DIR: (typed) => files(typed, () => false),
};

function* programs(candidate: (program: ProgramDescription) => Candidate): Generator<Candidate> {
  for (const program of describePrograms()) yield candidate(program);
}

function* maps(candidate: (map: MapDescription) => Candidate): Generator<Candidate> {
  for (const map of describeMaps()) yield candidate(map);
}

function* structOps(candidate: (map: StructOpsDescription) => Candidate): Generator<Candidate> {
  for (const map of describeStructOps()) yield candidate(map);
}

function* linkIds(): Generator<Candidate> {
  for (const { id, info } of describeLinks()) yield { word: `${id}`, note: `program ${info.progId}` };
}

function* btfIds(): Generator<Candidate> {
  for (const { id, name } of describeBtfObjects()) yield { word: `${id}`, note: name };
}

function* pins(kind: "PROG" | "MAP" | "LINK"): Generator<Candidate> {
  const describe = { PROG: describePrograms, MAP: describeMaps, LINK: describeLinks }[kind];
  for (const { id, pins: paths } of describe({ pins: true })) {
    for (const word of paths ?? []) yield { word, note: `id ${id}` };
  }
}

function* devices(): Generator<Candidate> {
  for (const word of readdirSync("/sys/class/net")) yield { word };
}

function* processes(): Generator<Candidate> {
  for (const word of readdirSync("/proc")) if (/^\d+$/.test(word)) yield { word };
}

function* objectFiles(typed: string): Generator<Candidate> {
  yield* files(typed, (name) => name.endsWith(".o"));
}

/**
 * Yields cgroups whose path begins with the typed text. As long as the text is a beginning of the hierarchy's mount
 * point, yields the mount point.
 */
function* cgroups(typed: string): Generator<Candidate> {
  const root = cgroup2Mount();
  if (root !== undefined && `${root}/`.startsWith(typed)) yield { word: `${root}/` };
  if (typed !== "") yield* files(typed, () => false);
}

/**
 * Yields the directories and the wanted files whose path begins with the typed text. A directory's path ends with a
 * slash.
 */
function* files(typed: string, isWanted: (name: string) => boolean): Generator<Candidate> {
  const directory = typed.slice(0, typed.lastIndexOf("/") + 1);
  const start = typed.slice(directory.length);
  const path = directory.replace(/^~\//, `${homedir()}/`);
  for (const entry of readdirSync(path === "" ? "." : path, { withFileTypes: true })) {
    const { name } = entry;
    if (!name.startsWith(start) || (name.startsWith(".") && !start.startsWith("."))) continue;
    if (entry.isDirectory()) yield { word: `${directory}${name}/` };
    else if (isWanted(name)) yield { word: directory + name };
  }
}
