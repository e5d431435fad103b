import { describeMaps, type MapDescription } from "../../inventory/index.ts";
import { type MapInfo, mapInfo, type OwnedFd } from "../../sys/index.ts";
import { failedTo } from "../failure/reason.ts";
import { holderOptions } from "../handle/references.ts";
import type { Options } from "../words/options.ts";

/** Reads what the kernel says about a map. */
export function infoOf(fd: number): MapInfo {
  try {
    return mapInfo(fd);
  } catch (error) {
    throw failedTo("can't get map info", error);
  }
}

/** Describes the chosen maps, or all maps. */
export function* describedMaps(chosen: readonly OwnedFd[] | undefined, options: Options): Generator<MapDescription> {
  try {
    const fds = chosen?.map((fd) => fd.number);
    yield* describeMaps({ fds, pins: options.bpffs, holders: holderOptions(options) });
  } catch (error) {
    throw failedTo("can't get map info", error);
  }
}
