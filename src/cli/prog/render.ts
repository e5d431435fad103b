import { progTypeName } from "../../uapi/index.ts";
import type { JsonValue } from "../json-writer.ts";
import { refsJson, refsText } from "../references.ts";
import { isoLocalTime } from "../time.ts";
import type { DeviceRecord, ProgramHeader, ProgramRecord } from "./record.ts";

/** The first line of a program, with its line end. */
export function headerText(program: ProgramHeader): string {
  const type = progTypeName(program.type) ?? `type ${program.type}`;
  let text = `${program.id}: ${type}  `;
  if (program.name !== "") text += `name ${program.name}  `;
  text += `tag ${program.tag}`;
  if (program.device !== undefined) text += `  offloaded_to ${deviceText(program.device)}`;
  if (program.gpl_compatible) text += "  gpl";
  if (program.run_time_ns !== 0n) text += ` run_time_ns ${program.run_time_ns} run_cnt ${program.run_cnt}`;
  if (program.recursion_misses !== 0n) text += ` recursion_misses ${program.recursion_misses}`;
  return `${text}\n`;
}

/** All lines of a program in `prog show`. */
export function programText(program: ProgramRecord): string {
  let text = headerText(program);
  if (program.loaded_at !== undefined) {
    text += `\tloaded_at ${isoLocalTime(program.loaded_at)}  uid ${program.created_by_uid}\n`;
  }
  text += `\txlated ${program.xlated_prog_len}B`;
  text += program.jited_prog_len === 0 ? "  not jited" : `  jited ${program.jited_prog_len}B`;
  if (program.memlock !== undefined) text += `  memlock ${program.memlock}B`;
  if (program.orphaned) text += "  orphaned";
  if (program.map_ids.length > 0) text += `  map_ids ${program.map_ids.join(",")}`;
  for (const path of program.pinned ?? []) text += `\n\tpinned ${path}`;
  if (program.btf_id !== 0) text += `\n\tbtf_id ${program.btf_id}`;
  if (program.refs.length > 0) text += `\n\tpids ${refsText(program.refs)}`;
  text += "\n";
  if (program.metadata.length > 0) {
    text += `\tmetadata:${program.metadata.map((entry) => `\n\t\t${entry.name} = ${entry.text}`).join("")}\n`;
  }
  return text;
}

/** The first members of a program's object. */
export function headerJson(program: ProgramHeader): { [key: string]: JsonValue | undefined } {
  const ran = program.run_time_ns !== 0n;
  return {
    id: program.id,
    type: progTypeName(program.type) ?? program.type,
    name: program.name === "" ? undefined : program.name,
    tag: program.tag,
    gpl_compatible: program.gpl_compatible,
    run_time_ns: ran ? program.run_time_ns : undefined,
    run_cnt: ran ? program.run_cnt : undefined,
    recursion_misses: program.recursion_misses === 0n ? undefined : program.recursion_misses,
  };
}

/** A program's object in `prog show`. */
export function programJson(program: ProgramRecord): JsonValue {
  const jited = program.jited_prog_len !== 0;
  return {
    ...headerJson(program),
    dev: program.device && deviceJson(program.device),
    loaded_at: program.loaded_at,
    uid: program.loaded_at === undefined ? undefined : program.created_by_uid,
    orphaned: program.orphaned,
    bytes_xlated: program.xlated_prog_len,
    jited,
    bytes_jited: jited ? program.jited_prog_len : undefined,
    bytes_memlock: program.memlock,
    map_ids: program.map_ids.length === 0 ? undefined : program.map_ids,
    btf_id: program.btf_id === 0 ? undefined : program.btf_id,
    pinned: program.pinned,
    pids: refsJson(program.refs),
    metadata:
      program.metadata.length === 0
        ? undefined
        : Object.fromEntries(program.metadata.map(({ name, json }) => [name, json])),
  };
}

function deviceText({ ifindex, netns_dev, netns_ino, name }: DeviceRecord): string {
  return name ?? `ifindex ${ifindex} ns_dev ${netns_dev} ns_ino ${netns_ino}`;
}

function deviceJson({ ifindex, netns_dev, netns_ino, name }: DeviceRecord): JsonValue {
  return { ifindex, ns_dev: netns_dev, ns_inode: netns_ino, ifname: name };
}
