import { objectFds } from "../kernel/index.ts";
import { deviceName, fdInfo, mapInfo } from "../sys/index.ts";
import { BpfMapFlag, BpfMapType } from "../uapi/index.ts";
import { checkDescribeOptions, DESCRIBE_OPTIONS, type DescribeOptions, findOwners, type Owners } from "./owners.ts";

/** The network device that a map is offloaded to. */
export interface MapDevice {
  readonly ifindex: number;
  readonly netnsDev: bigint;
  readonly netnsIno: bigint;
  /** The device's name. Undefined if the device is gone or in another network namespace. */
  readonly name: string | undefined;
}

/** A map with everything that a listing can show, as plain data. */
export interface MapDescription extends Owners {
  readonly id: number;
  /** The map's type (BPF_MAP_TYPE_*). */
  readonly type: number;
  /** The map's name in the kernel, of at most 15 characters. */
  readonly name: string;
  /** The flags (BPF_F_*) that the map was created with. */
  readonly flags: number;
  readonly device: MapDevice | undefined;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** The kernel memory of the map in bytes. Undefined if the kernel does not report it. */
  readonly memlock: number | undefined;
  /** The type of the programs in a prog array. Undefined until the map has had a program. */
  readonly ownerProgType: number | undefined;
  readonly ownerJited: boolean | undefined;
  /** True if the map was frozen, so that only programs can write it. */
  readonly frozen: boolean;
  /** The id of the BTF that the map was created with; 0 for none. */
  readonly btfId: number;
}

/**
 * Describes maps one after another, so that only one description is in memory at a time. Skips maps that disappear
 * during the call. Needs CAP_SYS_ADMIN, unless `fds` names the maps.
 */
export function* describeMaps(options: DescribeOptions = {}): Generator<MapDescription, void, undefined> {
  checkDescribeOptions("describeMaps", options, DESCRIBE_OPTIONS);
  const owners = findOwners("map", options);
  for (const fd of options.fds ?? objectFds("map", READ_ONLY)) {
    const map = describeMap(fd);
    yield Object.assign(map, owners(map.id));
  }
}

/** A process may be allowed to open a map for reading but not for writing. */
const READ_ONLY = { open_flags: BpfMapFlag.BPF_F_RDONLY };

/** Describes the map of an fd, without its pins and holders. */
export function describeMap(fd: number): MapDescription {
  const info = mapInfo(fd);
  const fields = fdInfo(fd);
  const isProgArray = info.type === BpfMapType.BPF_MAP_TYPE_PROG_ARRAY;
  const ownerProgType = isProgArray ? numberOf(fields.get("owner_prog_type")) : undefined;
  const ownerJited = isProgArray ? numberOf(fields.get("owner_jited")) : undefined;
  return {
    id: info.id,
    type: info.type,
    name: info.name,
    flags: info.map_flags,
    device: deviceOf(info.ifindex, info.netns_dev, info.netns_ino),
    keySize: info.key_size,
    valueSize: info.value_size,
    maxEntries: info.max_entries,
    memlock: numberOf(fields.get("memlock")),
    ownerProgType,
    ownerJited: ownerJited === undefined ? undefined : ownerJited !== 0,
    frozen: fields.get("frozen") === "1",
    btfId: info.btf_id,
    pins: undefined,
    holders: undefined,
  };
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function deviceOf(ifindex: number, netnsDev: bigint, netnsIno: bigint): MapDevice | undefined {
  if (ifindex === 0) return undefined;
  return { ifindex, netnsDev, netnsIno, name: deviceName(ifindex, { netns_dev: netnsDev, netns_ino: netnsIno }) };
}
