import type { MapDescription, MapDevice } from "../../inventory/index.ts";
import { mapTypeName, progTypeName } from "../../uapi/index.ts";
import { holdersJson, holdersText } from "../handle/holders.ts";
import type { JsonValue } from "../output/json-writer.ts";
import { escapeName } from "../output/terminal-text.ts";

/** Returns the first line of a map, with its line end. */
export function headerText(map: MapDescription): string {
  let text = `${map.id}: ${mapTypeName(map.type) ?? `type ${map.type}`}  `;
  if (map.name !== "") text += `name ${escapeName(map.name)}  `;
  text += `flags 0x${map.flags.toString(16)}`;
  if (map.device !== undefined) text += `  offloaded_to ${deviceText(map.device)}`;
  return `${text}\n`;
}

/** Returns all lines of a map in `map show`. */
export function mapText(map: MapDescription): string {
  let text = headerText(map);
  text += `\tkey ${map.keySize}B  value ${map.valueSize}B  max_entries ${map.maxEntries}`;
  if (map.memlock !== undefined) text += `  memlock ${map.memlock}B`;
  const { ownerProgType: type, ownerJited: jited } = map;
  if (type !== undefined || jited !== undefined) text += "\n\t";
  if (type !== undefined) text += `owner_prog_type ${progTypeName(type) ?? type}  `;
  if (jited !== undefined) text += `owner${jited ? "" : " not"} jited`;
  for (const path of map.pins ?? []) text += `\n\tpinned ${escapeName(path)}`;
  if (map.btfId !== 0 || map.frozen) text += "\n\t";
  if (map.btfId !== 0) text += `btf_id ${map.btfId}`;
  if (map.frozen) text += `${map.btfId !== 0 ? "  " : ""}frozen`;
  if (map.holders !== undefined && map.holders.length > 0) text += `\n\tpids ${holdersText(map.holders)}`;
  return `${text}\n`;
}

/** Returns the first members of a map's JSON object. */
export function headerJson(map: MapDescription): { [key: string]: JsonValue | undefined } {
  return {
    id: map.id,
    type: mapTypeName(map.type) ?? map.type,
    name: map.name === "" ? undefined : map.name,
    flags: map.flags,
  };
}

/** Returns the JSON object of a map in `map show`. */
export function mapJson(map: MapDescription): JsonValue {
  const { ownerProgType: type } = map;
  // Object.assign() is faster here than one object literal: see programJson in prog/render.ts.
  return Object.assign(headerJson(map), {
    dev: map.device && deviceJson(map.device),
    bytes_key: map.keySize,
    bytes_value: map.valueSize,
    max_entries: map.maxEntries,
    bytes_memlock: map.memlock,
    owner_prog_type: type === undefined ? undefined : (progTypeName(type) ?? type),
    owner_jited: map.ownerJited,
    frozen: map.frozen ? 1 : 0,
    btf_id: map.btfId === 0 ? undefined : map.btfId,
    pinned: map.pins,
    pids: holdersJson(map.holders ?? []),
  });
}

function deviceText({ ifindex, netnsDev, netnsIno, name }: MapDevice): string {
  return name !== undefined ? escapeName(name) : `ifindex ${ifindex} ns_dev ${netnsDev} ns_ino ${netnsIno}`;
}

function deviceJson({ ifindex, netnsDev, netnsIno, name }: MapDevice): JsonValue {
  return { ifindex, ns_dev: netnsDev, ns_inode: netnsIno, ifname: name };
}
