import type { AttachTargetName, ProgramDescription, ProgramDevice, UsedMap } from "../../inventory/index.ts";
import type { MetadataVariable } from "../../program/index.ts";
import { progTypeName } from "../../uapi/index.ts";
import { holdersJson, holdersText } from "../handle/holders.ts";
import { btfValue } from "../output/btf-value.ts";
import { formatJson, type JsonValue } from "../output/json-writer.ts";
import { escapeName } from "../output/terminal-text.ts";

/** Returns the first line of a program, with its line end. */
export function headerText(program: ProgramDescription): string {
  const type = progTypeName(program.type) ?? `type ${program.type}`;
  let text = `${program.id}: ${type}  `;
  if (program.name !== "") text += `name ${escapeName(program.name)}  `;
  text += `tag ${program.tag}`;
  if (program.device !== undefined) text += `  offloaded_to ${deviceText(program.device)}`;
  if (program.gplCompatible) text += "  gpl";
  if (program.runTimeNs !== 0n) text += ` run_time_ns ${program.runTimeNs} run_cnt ${program.runCnt}`;
  if (program.recursionMisses !== 0n) text += ` recursion_misses ${program.recursionMisses}`;
  return `${text}\n`;
}

/** Returns all lines of a program in `prog show`. */
export function programText(program: ProgramDescription): string {
  let text = headerText(program);
  if (program.loadedAt !== undefined) {
    text += `\tloaded_at ${isoLocalTime(program.loadedAt)}  uid ${program.createdByUid}\n`;
  }
  text += `\txlated ${program.xlatedProgLen}B`;
  text += program.jitedProgLen === 0 ? "  not jited" : `  jited ${program.jitedProgLen}B`;
  if (program.memlock !== undefined) text += `  memlock ${program.memlock}B`;
  if (program.orphaned) text += "  orphaned";
  if (program.mapIds.length > 0) text += `  map_ids ${program.mapIds.join(",")}`;
  for (const path of program.pins ?? []) text += `\n\tpinned ${escapeName(path)}`;
  if (program.btfId !== 0) text += `\n\tbtf_id ${program.btfId}`;
  if (program.holders?.length) text += `\n\tpids ${holdersText(program.holders)}`;
  if (program.maps !== undefined) text += detailsText(program, program.maps);
  text += "\n";
  if (program.metadata.length > 0) {
    text += `\tmetadata:${program.metadata.map((entry) => `\n\t\t${escapeName(entry.name)} = ${formatJson(metadataValue(entry, true))}`).join("")}\n`;
  }
  return text;
}

/** Returns the first members of a program's JSON object. */
export function headerJson(program: ProgramDescription): { [key: string]: JsonValue | undefined } {
  const ran = program.runTimeNs !== 0n;
  return {
    id: program.id,
    type: progTypeName(program.type) ?? program.type,
    name: program.name === "" ? undefined : program.name,
    tag: program.tag,
    gpl_compatible: program.gplCompatible,
    run_time_ns: ran ? program.runTimeNs : undefined,
    run_cnt: ran ? program.runCnt : undefined,
    recursion_misses: program.recursionMisses === 0n ? undefined : program.recursionMisses,
  };
}

/** Returns the JSON object of a program in `prog show`. */
export function programJson(program: ProgramDescription): JsonValue {
  const jited = program.jitedProgLen !== 0;
  // This uses Object.assign() instead of one object literal that begins with `...headerJson()`. In V8 11 (Node 20), a
  // spread with more members after it takes 16 µs for each object. V8 also makes a hidden class for each such object,
  // and keeps it longer than the object.
  return Object.assign(headerJson(program), {
    dev: program.device && deviceJson(program.device),
    loaded_at: program.loadedAt,
    uid: program.loadedAt === undefined ? undefined : program.createdByUid,
    orphaned: program.orphaned,
    bytes_xlated: program.xlatedProgLen,
    jited,
    bytes_jited: jited ? program.jitedProgLen : undefined,
    bytes_memlock: program.memlock,
    map_ids: program.mapIds.length === 0 ? undefined : program.mapIds,
    btf_id: program.btfId === 0 ? undefined : program.btfId,
    pinned: program.pins,
    pids: holdersJson(program.holders ?? []),
    metadata:
      program.metadata.length === 0
        ? undefined
        : Object.fromEntries(program.metadata.map((entry) => [entry.name, metadataValue(entry, false)])),
    ...(program.maps !== undefined && detailsJson(program, program.maps)),
  });
}

function detailsText({ verifiedInsns, attachTo }: ProgramDescription, maps: readonly UsedMap[]): string {
  let text = "";
  if (verifiedInsns !== undefined) text += `\n\tverified_insns ${verifiedInsns}`;
  if (attachTo !== undefined) {
    const { name, btfName, btfObjId, btfId } = attachTo;
    text += `\n\tattach_to ${escapeName(name ?? `type ${btfId}`)}  btf ${btfName === "" ? `id ${btfObjId}` : escapeName(btfName)}`;
  }
  if (maps.length > 0) text += `\n\tmaps ${maps.map(({ id, name = "" }) => `${escapeName(name)}(${id})`).join(", ")}`;
  return text;
}

function detailsJson(
  { verifiedInsns, attachTo }: ProgramDescription,
  maps: readonly UsedMap[],
): { [key: string]: JsonValue | undefined } {
  return {
    verified_insns: verifiedInsns,
    attach_to: attachTo && targetJson(attachTo),
    maps: maps.map(({ id, name }) => ({ id, name })),
  };
}

function targetJson({ name, btfName, btfObjId, btfId }: AttachTargetName): JsonValue {
  return { name, btf_name: btfName, btf_obj_id: btfObjId, btf_id: btfId };
}

function deviceText({ ifindex, netnsDev, netnsIno, name }: ProgramDevice): string {
  return name !== undefined ? escapeName(name) : `ifindex ${ifindex} ns_dev ${netnsDev} ns_ino ${netnsIno}`;
}

function deviceJson({ ifindex, netnsDev, netnsIno, name }: ProgramDevice): JsonValue {
  return { ifindex, ns_dev: netnsDev, ns_inode: netnsIno, ifname: name };
}

function metadataValue({ btf, type, data, at }: MetadataVariable, plain: boolean): JsonValue {
  return btfValue(btf, type, data, at, plain);
}

/** Formats seconds since the epoch as bpftool does: local time with its offset, `2026-11-20T20:53:46+0000`. */
export function isoLocalTime(seconds: number): string {
  // The last text is cached, because many programs are loaded within the same second.
  if (seconds !== last.seconds) last = { seconds, text: format(seconds) };
  return last.text;
}
let last = { seconds: Number.NaN, text: "" };

function format(seconds: number): string {
  const date = new Date(seconds * 1000);
  const offset = -date.getTimezoneOffset();
  const distance = Math.abs(offset);
  const day = [String(date.getFullYear()), two(date.getMonth() + 1), two(date.getDate())].join("-");
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `${day}T${time}${offset < 0 ? "-" : "+"}${two(Math.floor(distance / 60))}${two(distance % 60)}`;
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}
