import type { MapDescription } from "../../inventory/index.ts";
import type { Run } from "../command/command.ts";
import { takeMaps } from "../handle/map.ts";
import { Listing } from "../output/listing.ts";
import { describedMaps } from "./gather.ts";
import { mapJson, mapText } from "./render.ts";

/** `bpfts map show [MAP]`. */
export const showMaps: Run = async (words, options) => {
  const chosen = words.left === 0 ? undefined : takeMaps(words, "read");
  try {
    if (chosen !== undefined) words.end();
    const listing = new Listing<MapDescription>({ text: mapText, json: mapJson }, options, chosen?.length !== 1);
    for (const map of describedMaps(chosen, options)) listing.add(map);
    return listing.answer();
  } finally {
    for (const fd of chosen ?? []) fd.close();
  }
};
