import type { Run } from "../command/command.ts";
import { takeMap } from "../handle/map.ts";
import { pinAt } from "../handle/pin.ts";
import { done } from "../output/answer.ts";

/** `bpfts map pin MAP FILE`. */
export const pinMap: Run = (words, options) => {
  words.need(3);
  using map = takeMap(words, "read");
  const path = words.take("a file");
  words.end();
  pinAt(path, map.number, options);
  return done;
};
