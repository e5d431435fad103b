import { done } from "../answer.ts";
import type { Run } from "../command.ts";
import { EXIT_INVALID } from "../command-error.ts";
import { takeLink } from "../handle/link.ts";
import { pinAt } from "../pin.ts";

/** `bpfts link pin LINK FILE`. */
export const pinLink: Run = (words, options) => {
  words.need(3, { exitCode: EXIT_INVALID });
  using link = takeLink(words);
  const path = words.take("a file");
  words.end();
  pinAt(path, link.number, options);
  return done;
};
