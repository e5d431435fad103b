import { mapFreeze } from "../../sys/index.ts";
import type { Run } from "../command/command.ts";
import { errnoOf, failedTo } from "../failure/reason.ts";
import { takeMap } from "../handle/map.ts";
import { done } from "../output/answer.ts";

/** `bpfts map freeze MAP`. */
export const freezeMap: Run = (words) => {
  words.need(2);
  using fd = takeMap(words);
  words.end();
  try {
    mapFreeze(fd.number);
  } catch (error) {
    const errno = errnoOf(error) ?? 1;
    throw failedTo("failed to freeze map", error, { exitCode: -errno & 0xff });
  }
  return done;
};
