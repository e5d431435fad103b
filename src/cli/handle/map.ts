import { isGone, openPinnedFd } from "../../kernel/index.ts";
import { mapGetFdById, mapGetNextId, mapInfo, OwnedFd } from "../../sys/index.ts";
import { CommandError } from "../command-error.ts";
import { failedTo } from "../reason.ts";
import type { Words } from "../words.ts";
import { parseU32 } from "./number.ts";
import { unexpected } from "./unexpected.ts";

const MAX_NAME = 15;

/** Opens the map that `id N`, `name NAME` or `pinned FILE` means. The caller closes it. */
export function takeMap(words: Words): OwnedFd {
  if (words.takeKeyword("id")) {
    const id = parseU32(words.take("a number"), "ID");
    try {
      return new OwnedFd(mapGetFdById(id), `map ${id}`);
    } catch (error) {
      throw failedTo(`get map by id (${id})`, error);
    }
  }
  if (words.takeKeyword("name")) return mapByName(words.take("a name"));
  if (words.takeKeyword("pinned")) return openPinnedFd(words.take("a file"), "map");
  throw unexpected("'id', 'name' or 'pinned'", words);
}

function mapByName(name: string): OwnedFd {
  if (name.length > MAX_NAME) throw new CommandError(`can't parse name '${name}': a map's has ${MAX_NAME} characters`);
  const ids: number[] = [];
  let found: OwnedFd | undefined;
  for (let id = mapGetNextId(0); id !== undefined; id = mapGetNextId(id)) {
    let fd: OwnedFd;
    try {
      fd = new OwnedFd(mapGetFdById(id), `map ${id}`);
    } catch (error) {
      if (isGone(error)) continue;
      throw failedTo(`can't get map by id (${id})`, error);
    }
    if (mapInfo(fd.number).name === name) ids.push(id);
    if (ids.length === 1 && found === undefined) found = fd;
    else fd.close();
  }
  if (ids.length === 1 && found !== undefined) return found;
  found?.close();
  throw new CommandError(
    ids.length === 0 ? `no map has the name '${name}'` : `several maps match this handle: ids ${ids.join(", ")}`,
  );
}
