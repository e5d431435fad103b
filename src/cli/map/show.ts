import type { Run } from "../command.ts";
import { eachMap, takeMaps } from "../handle/map.ts";
import { pinnedPaths } from "../pinned-paths.ts";
import { gatherRefs } from "../references.ts";
import { mapRecord } from "./gather.ts";
import type { MapRecord } from "./record.ts";
import { mapJson, mapText } from "./render.ts";

/** `bpfts map show [MAP]`. */
export const showMaps: Run = async (words, options) => {
  const all = words.left === 0;
  const maps = all ? eachMap() : takeMaps(words, "read");
  if (!all) words.end();
  const pins = options.bpffs ? pinnedPaths("map") : undefined;
  const refs = await gatherRefs("map", options);
  const records: MapRecord[] = [];
  for (const fd of maps) {
    try {
      records.push(mapRecord(fd.number, pins, refs));
    } finally {
      fd.close();
    }
  }
  const array = all || records.length > 1;
  return {
    text: () => records.map(mapText),
    json: () => (array ? records.map(mapJson) : mapJson(records[0] as MapRecord)),
  };
};
