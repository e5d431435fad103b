import { pinnedPaths } from "../../inventory/index.ts";
import type { Run } from "../command/command.ts";
import { eachMap, takeMaps } from "../handle/map.ts";
import { gatherRefs } from "../handle/references.ts";
import { Listing } from "../output/listing.ts";
import { mapRecord } from "./gather.ts";
import type { MapRecord } from "./record.ts";
import { mapJson, mapText } from "./render.ts";

/** `bpfts map show [MAP]`. */
export const showMaps: Run = async (words, options) => {
  const chosen = words.left === 0 ? undefined : takeMaps(words, "read");
  if (chosen !== undefined) words.end();
  const pins = options.bpffs ? pinnedPaths("map") : undefined;
  const refs = gatherRefs("map", options);
  const listing = new Listing<MapRecord>({ text: mapText, json: mapJson }, options, chosen?.length !== 1);
  for (const fd of chosen ?? eachMap()) {
    try {
      listing.add(mapRecord(fd.number, pins, refs));
    } finally {
      fd.close();
    }
  }
  return listing.answer();
};
