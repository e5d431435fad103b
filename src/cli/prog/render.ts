import type { ProgramDetails, ProgramDevice, ProgramHeader, ProgramRecord } from "../../inventory/index.ts";
import type { MetadataVariable } from "../../program/index.ts";
import { progTypeName } from "../../uapi/index.ts";
import { type ObjectRef, refsJson, refsText } from "../handle/references.ts";
import { btfValue } from "../output/btf-value.ts";
import { formatJson, type JsonValue } from "../output/json-writer.ts";
import { isoLocalTime } from "../output/time.ts";

/** A program with what is not the kernel's to say. */
export interface ShownProgram {
  readonly record: ProgramRecord;
  /** Where it is pinned; undefined where that was not asked for, or no program is pinned anywhere. */
  readonly pinned: readonly string[] | undefined;
  readonly refs: readonly ObjectRef[];
  /** Where `--details` asked for them. */
  readonly details: ProgramDetails | undefined;
}

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
export function programText({ record: program, pinned, refs, details }: ShownProgram): string {
  let text = headerText(program);
  if (program.loaded_at !== undefined) {
    text += `\tloaded_at ${isoLocalTime(program.loaded_at)}  uid ${program.created_by_uid}\n`;
  }
  text += `\txlated ${program.xlated_prog_len}B`;
  text += program.jited_prog_len === 0 ? "  not jited" : `  jited ${program.jited_prog_len}B`;
  if (program.memlock !== undefined) text += `  memlock ${program.memlock}B`;
  if (program.orphaned) text += "  orphaned";
  if (program.map_ids.length > 0) text += `  map_ids ${program.map_ids.join(",")}`;
  for (const path of pinned ?? []) text += `\n\tpinned ${path}`;
  if (program.btf_id !== 0) text += `\n\tbtf_id ${program.btf_id}`;
  if (refs.length > 0) text += `\n\tpids ${refsText(refs)}`;
  if (details !== undefined) text += detailsText(program, details);
  text += "\n";
  if (program.metadata.length > 0) {
    text += `\tmetadata:${program.metadata.map((entry) => `\n\t\t${entry.name} = ${formatJson(metadataValue(entry, true))}`).join("")}\n`;
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
export function programJson({ record: program, pinned, refs, details }: ShownProgram): JsonValue {
  const jited = program.jited_prog_len !== 0;
  // Not one literal that begins with `...headerJson()`: what V8 11 (Node 20) makes of a spread with more members behind it
  // takes 16 µs an object, and a hidden class of its own for each, which outlives it.
  return Object.assign(headerJson(program), {
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
    pinned,
    pids: refsJson(refs),
    metadata:
      program.metadata.length === 0
        ? undefined
        : Object.fromEntries(program.metadata.map((entry) => [entry.name, metadataValue(entry, false)])),
    ...(details !== undefined && detailsJson(program, details)),
  });
}

function detailsText({ verified_insns }: ProgramRecord, { maps, attach_to }: ProgramDetails): string {
  let text = "";
  if (verified_insns !== undefined) text += `\n\tverified_insns ${verified_insns}`;
  if (attach_to !== undefined) {
    const { name, btf_name, btf_obj_id, btf_id } = attach_to;
    text += `\n\tattach_to ${name ?? `type ${btf_id}`}  btf ${btf_name === "" ? `id ${btf_obj_id}` : btf_name}`;
  }
  if (maps.length > 0) text += `\n\tmaps ${maps.map(({ id, name = "" }) => `${name}(${id})`).join(", ")}`;
  return text;
}

function detailsJson(
  { verified_insns }: ProgramRecord,
  { maps, attach_to }: ProgramDetails,
): { [key: string]: JsonValue | undefined } {
  return {
    verified_insns,
    attach_to: attach_to && { ...attach_to },
    maps: maps.map(({ id, name }) => ({ id, name })),
  };
}

function deviceText({ ifindex, netns_dev, netns_ino, name }: ProgramDevice): string {
  return name ?? `ifindex ${ifindex} ns_dev ${netns_dev} ns_ino ${netns_ino}`;
}

function deviceJson({ ifindex, netns_dev, netns_ino, name }: ProgramDevice): JsonValue {
  return { ifindex, ns_dev: netns_dev, ns_inode: netns_ino, ifname: name };
}

function metadataValue({ btf, type, data, at }: MetadataVariable, plain: boolean): JsonValue {
  return btfValue(btf, type, data, at, plain);
}
