import { type PerfAttachment, perfAttachments } from "../../inventory/index.ts";
import type { Run } from "../command/command.ts";
import { failedTo } from "../failure/reason.ts";
import { perfJson, perfText } from "./render.ts";

/** `bpfts perf show`. */
export const showPerf: Run = (words) => {
  words.end();
  const found = listed();
  return { text: () => found.map(perfText), json: () => found.map(perfJson) };
};

function listed(): PerfAttachment[] {
  try {
    return perfAttachments();
  } catch (error) {
    throw failedTo("perf_query_support", error);
  }
}
