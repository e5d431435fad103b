import { describeMaps, type MapDescription } from "../../inventory/index.ts";
import { type MapTypes, typesOfMap } from "../../map/index.ts";
import { type MapInfo, mapInfo, type OwnedFd } from "../../sys/index.ts";
import { failedTo } from "../failure/reason.ts";
import { holderOptions } from "../handle/references.ts";
import { writeNote } from "../output/write.ts";
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

/** Reads the types of a map. Where the right to read them is missing, the command says so and shows bytes. */
export function typesOf(info: MapInfo): MapTypes | undefined {
  return typesOfMap(info, (reason) => writeNote(`Warning: ${reason}`));
}
