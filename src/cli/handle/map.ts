import { isGone, openPinnedFd } from "../../kernel/index.ts";
import { type MapTypes, typesOfMap } from "../../map/index.ts";
import { type MapInfo, mapGetFdById, mapGetNextId, mapInfo, OwnedFd } from "../../sys/index.ts";
import { BpfMapFlag } from "../../uapi/index.ts";
import { CommandError } from "../failure/command-error.ts";
import { failedTo } from "../failure/reason.ts";
import { writeNote } from "../output/write.ts";
import { parseU32, unexpectedWord, type Words } from "../words/words.ts";

const MAX_NAME = 15;

/** Whether a map is opened for reading or for writing. A map without write access can still be opened for reading. */
export type MapAccess = "read" | "write";

function flagsFor(access: MapAccess): number {
  return access === "read" ? BpfMapFlag.BPF_F_RDONLY : 0;
}

/**
 * Opens the maps that `id N`, `name NAME` or `pinned FILE` names. Several maps may have the same name. The caller
 * closes them.
 */
export function takeMaps(words: Words, access: MapAccess = "write"): OwnedFd[] {
  const open_flags = flagsFor(access);
  if (words.takeKeyword("id")) {
    const id = parseU32(words.take("a number"), "ID");
    try {
      return [new OwnedFd(mapGetFdById(id, { open_flags }), `map ${id}`)];
    } catch (error) {
      throw failedTo(`get map by id (${id})`, error);
    }
  }
  if (words.takeKeyword("name")) return mapsByName(words.take("a name"), open_flags);
  if (words.takeKeyword("pinned")) return [openPinnedFd(words.take("a file"), "map", open_flags)];
  throw unexpectedWord(["id", "name", "pinned"], words);
}

/** Does the same as {@link takeMaps} for a command that takes exactly one map. */
export function takeMap(words: Words, access: MapAccess = "write"): OwnedFd {
  const maps = takeMaps(words, access);
  if (maps.length === 1) return maps[0] as OwnedFd;
  const ids = maps.map((fd) => mapInfo(fd.number).id);
  for (const fd of maps) fd.close();
  throw new CommandError(`several maps match this handle: ids ${ids.join(", ")}`);
}

/**
 * Opens every map for reading, in the order of ids. Skips maps that disappear meanwhile. The caller closes each map.
 */
export function* eachMap(): Generator<OwnedFd> {
  for (let id = nextId(0); id !== undefined; id = nextId(id)) {
    let fd: number;
    try {
      fd = mapGetFdById(id, { open_flags: BpfMapFlag.BPF_F_RDONLY });
    } catch (error) {
      if (isGone(error)) continue;
      throw failedTo(`can't get map by id (${id})`, error);
    }
    yield new OwnedFd(fd, `map ${id}`);
  }
}

function nextId(id: number): number | undefined {
  try {
    return mapGetNextId(id);
  } catch (error) {
    throw failedTo("can't get next map", error);
  }
}

function mapsByName(name: string, open_flags: number): OwnedFd[] {
  if (name.length > MAX_NAME)
    throw new CommandError(`can't parse name '${name}': a map's name has at most ${MAX_NAME} characters`);
  const found: OwnedFd[] = [];
  try {
    for (const fd of eachMap()) {
      const info = mapInfo(fd.number);
      if (info.name !== name) fd.close();
      else if (open_flags === BpfMapFlag.BPF_F_RDONLY) found.push(fd);
      else {
        fd.close();
        found.push(new OwnedFd(mapGetFdById(info.id, { open_flags }), `map ${info.id}`));
      }
    }
  } catch (error) {
    for (const fd of found) fd.close();
    throw failedTo(`can't get maps of the name '${name}'`, error);
  }
  if (found.length === 0) throw new CommandError(`no map has the name '${name}'`);
  return found;
}

/** Reads the kernel's information about a map. */
export function infoOf(fd: number): MapInfo {
  try {
    return mapInfo(fd);
  } catch (error) {
    throw failedTo("can't get map info", error);
  }
}

/**
 * Reads the types of a map. Without CAP_SYS_ADMIN, the types cannot be read; the command then warns and shows bytes
 * instead.
 */
export function typesOf(info: MapInfo): MapTypes | undefined {
  return typesOfMap(info, (reason) => writeNote(`Warning: ${reason}`));
}
