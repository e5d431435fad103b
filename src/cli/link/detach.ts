import { linkDetach } from "../../sys/index.ts";
import { done } from "../answer.ts";
import type { Run } from "../command.ts";
import { takeLink } from "../handle/link.ts";
import { failedTo } from "../reason.ts";

/** bpftool's exit code of a detach that failed. */
const EXIT_DETACH = 1;

/** `bpfts link detach LINK`. */
export const detachLink: Run = (words) => {
  using link = takeLink(words);
  words.end();
  try {
    linkDetach(link.number);
  } catch (error) {
    throw failedTo("failed link detach", error, { exitCode: EXIT_DETACH });
  }
  return done;
};
