import { Errno } from "../../errors/index.ts";
import { withArticle } from "../../layout/index.ts";
import { linkDetach, linkHead, type OwnedFd } from "../../sys/index.ts";
import { linkTypeName } from "../../uapi/index.ts";
import type { Run } from "../command/command.ts";
import { EXIT_INVALID } from "../failure/command-error.ts";
import { errnoOf, exitingWith, failedTo } from "../failure/reason.ts";
import { takeLink } from "../handle/link.ts";
import { pinHandle } from "../handle/pin.ts";
import { done } from "../output/answer.ts";
import type { Words } from "../words/words.ts";

/** bpftool's exit code of a failed detach. */
const EXIT_DETACH = 1;

/** `bpfts link detach LINK`. */
export const detachLink: Run = (words) => {
  using link = takeOnly(words);
  try {
    linkDetach(link.number);
  } catch (error) {
    const { type } = linkHead(link.number);
    const cannot =
      errnoOf(error) === Errno.EOPNOTSUPP
        ? ` (${withArticle(linkTypeName(type) ?? String(type))} link cannot be detached; it ends when its last pin and fd are gone)`
        : "";
    throw failedTo(`failed link detach${cannot}`, error, { exitCode: EXIT_DETACH });
  }
  return done;
};

/**
 * Takes the link, and checks that no words follow. As in bpftool, the exit code of an error here is the same as that of
 * a failed detach.
 */
function takeOnly(words: Words): OwnedFd {
  return exitingWith(EXIT_DETACH, () => {
    const link = takeLink(words);
    try {
      words.end();
      return link;
    } catch (error) {
      link.close();
      throw error;
    }
  });
}

/** `bpfts link pin LINK FILE`. */
export const pinLink: Run = (words, options) => pinHandle(words, options, takeLink, EXIT_INVALID);
