import { pinsOf } from "../../inventory/index.ts";
import { deviceName, fdInfo, type MapInfo, mapInfo } from "../../sys/index.ts";
import { BpfMapType } from "../../uapi/index.ts";
import { failedTo } from "../failure/reason.ts";
import type { ObjectRefs } from "../handle/references.ts";
import type { MapHeader, MapRecord } from "./record.ts";

/** What the kernel says about a map. */
export function infoOf(fd: number): MapInfo {
  try {
    return mapInfo(fd);
  } catch (error) {
    throw failedTo("can't get map info", error);
  }
}

/** What the first line shows. */
export function mapHeader(info: MapInfo): MapHeader {
  const { id, type, name, map_flags, ifindex, netns_dev, netns_ino } = info;
  const device =
    ifindex === 0 ? undefined : { ifindex, netns_dev, netns_ino, name: deviceName(ifindex, { netns_dev, netns_ino }) };
  return { id, type, name, map_flags, device };
}

/** Everything about one map. `pins` and `refs` are those of all maps, where they were asked for. */
export function mapRecord(
  fd: number,
  pins: ReadonlyMap<number, readonly string[]> | undefined,
  refs: ObjectRefs,
): MapRecord {
  const info = infoOf(fd);
  const fields = fdInfo(fd);
  const isProgArray = info.type === BpfMapType.BPF_MAP_TYPE_PROG_ARRAY;
  const owner = isProgArray ? fields.get("owner_prog_type") : undefined;
  const jited = isProgArray ? fields.get("owner_jited") : undefined;
  // Not one literal: see programJson.
  return Object.assign(mapHeader(info), {
    key_size: info.key_size,
    value_size: info.value_size,
    max_entries: info.max_entries,
    memlock: fields.get("memlock"),
    owner_prog_type: owner === undefined ? undefined : Number(owner),
    owner_jited: jited === undefined ? undefined : Number(jited) !== 0,
    frozen: Number(fields.get("frozen") ?? 0),
    btf_id: info.btf_id,
    pinned: pinsOf(pins, info.id),
    refs: refs.get(info.id) ?? [],
  });
}
