import { mapTypeName, progTypeName } from "../../uapi/index.ts";
import { refsJson, refsText } from "../handle/references.ts";
import { type JsonValue, RawText } from "../output/json-writer.ts";
import type { MapDevice, MapHeader, MapRecord } from "./record.ts";

/** The first line of a map, with its line end. */
export function headerText(map: MapHeader): string {
  let text = `${map.id}: ${mapTypeName(map.type) ?? `type ${map.type}`}  `;
  if (map.name !== "") text += `name ${map.name}  `;
  text += `flags 0x${map.map_flags.toString(16)}`;
  if (map.device !== undefined) text += `  offloaded_to ${deviceText(map.device)}`;
  return `${text}\n`;
}

/** All lines of a map in `map show`. */
export function mapText(map: MapRecord): string {
  let text = headerText(map);
  text += `\tkey ${map.key_size}B  value ${map.value_size}B  max_entries ${map.max_entries}`;
  if (map.memlock !== undefined) text += `  memlock ${map.memlock}B`;
  const { owner_prog_type: type, owner_jited: jited } = map;
  if (type !== undefined || jited !== undefined) text += "\n\t";
  if (type !== undefined) text += `owner_prog_type ${progTypeName(type) ?? type}  `;
  if (jited !== undefined) text += `owner${jited ? "" : " not"} jited`;
  for (const path of map.pinned ?? []) text += `\n\tpinned ${path}`;
  if (map.btf_id !== 0 || map.frozen !== 0) text += "\n\t";
  if (map.btf_id !== 0) text += `btf_id ${map.btf_id}`;
  if (map.frozen !== 0) text += `${map.btf_id !== 0 ? "  " : ""}frozen`;
  if (map.refs.length > 0) text += `\n\tpids ${refsText(map.refs)}`;
  return `${text}\n`;
}

/** The first members of a map's object. */
export function headerJson(map: MapHeader): { [key: string]: JsonValue | undefined } {
  return {
    id: map.id,
    type: mapTypeName(map.type) ?? map.type,
    name: map.name === "" ? undefined : map.name,
    flags: map.map_flags,
  };
}

/** A map's object in `map show`. */
export function mapJson(map: MapRecord): JsonValue {
  const { owner_prog_type: type } = map;
  // Not one literal: see programJson.
  return Object.assign(headerJson(map), {
    dev: map.device && deviceJson(map.device),
    bytes_key: map.key_size,
    bytes_value: map.value_size,
    max_entries: map.max_entries,
    bytes_memlock: map.memlock === undefined ? undefined : new RawText(map.memlock),
    owner_prog_type: type === undefined ? undefined : (progTypeName(type) ?? type),
    owner_jited: map.owner_jited,
    frozen: map.frozen,
    btf_id: map.btf_id === 0 ? undefined : map.btf_id,
    pinned: map.pinned,
    pids: refsJson(map.refs),
  });
}

function deviceText({ ifindex, netns_dev, netns_ino, name }: MapDevice): string {
  return name ?? `ifindex ${ifindex} ns_dev ${netns_dev} ns_ino ${netns_ino}`;
}

function deviceJson({ ifindex, netns_dev, netns_ino, name }: MapDevice): JsonValue {
  return { ifindex, ns_dev: netns_dev, ns_inode: netns_ino, ifname: name };
}
