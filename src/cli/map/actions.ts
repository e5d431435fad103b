import { explainAccess } from "../../map/index.ts";
import { mapFreeze } from "../../sys/index.ts";
import type { Run } from "../command/command.ts";
import { EXIT_FAILURE } from "../failure/command-error.ts";
import { failedTo } from "../failure/reason.ts";
import { takeMap } from "../handle/map.ts";
import { pinHandle } from "../handle/pin.ts";
import { done } from "../output/answer.ts";

/** `bpfts map pin MAP FILE`. */
export const pinMap: Run = (words, options) =>
  pinHandle(words, options, (handle) => takeMap(handle, "read"), EXIT_FAILURE);

/** `bpfts map freeze MAP`. */
export const freezeMap: Run = (words) => {
  words.need(2);
  using fd = takeMap(words);
  words.end();
  try {
    mapFreeze(fd.number);
  } catch (error) {
    throw failedTo("failed to freeze map", explainAccess(error, fd.number, "freeze"), { errnoExit: true });
  }
  return done;
};
