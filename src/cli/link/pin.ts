import type { Run } from "../command/command.ts";
import { EXIT_INVALID } from "../failure/command-error.ts";
import { takeLink } from "../handle/link.ts";
import { pinAt } from "../handle/pin.ts";
import { done } from "../output/answer.ts";

/** `bpfts link pin LINK FILE`. */
export const pinLink: Run = (words, options) => {
  words.need(3, { exitCode: EXIT_INVALID });
  using link = takeLink(words);
  const path = words.take("a file");
  words.end();
  pinAt(path, link.number, options);
  return done;
};
