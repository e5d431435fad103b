import { describeMaps, type MapDescription } from "../../inventory/index.ts";
import type { OwnedFd } from "../../sys/index.ts";
import type { Run } from "../command/command.ts";
import { failedTo } from "../failure/reason.ts";
import { holderOptions } from "../handle/holders.ts";
import { takeMaps } from "../handle/map.ts";
import { Listing } from "../output/listing.ts";
import type { Options } from "../words/options.ts";
import { mapJson, mapText } from "./render.ts";

/** `bpfts map show [MAP]`. */
export const showMaps: Run = async (words, options) => {
  const chosen = words.left === 0 ? undefined : takeMaps(words, "read");
  try {
    if (chosen !== undefined) words.end();
    if (options.table) return (await import("./table.ts")).mapTable(describedMaps(chosen, options), options);
    const listing = new Listing<MapDescription>({ text: mapText, json: mapJson }, options, chosen?.length !== 1);
    for (const map of describedMaps(chosen, options)) listing.add(map);
    return listing.answer();
  } finally {
    for (const fd of chosen ?? []) fd.close();
  }
};

/** Describes the maps that the user chose, or all maps. */
function* describedMaps(chosen: readonly OwnedFd[] | undefined, options: Options): Generator<MapDescription> {
  try {
    const fds = chosen?.map((fd) => fd.number);
    yield* describeMaps({ fds, pins: options.bpffs, holders: holderOptions(options) });
  } catch (error) {
    throw failedTo("can't get map info", error);
  }
}
