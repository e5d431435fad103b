import { openPinnedFd } from "../../kernel/index.ts";
import { linkGetFdById, OwnedFd } from "../../sys/index.ts";
import { failedTo } from "../failure/reason.ts";
import { parseU32, unexpectedWord, type Words } from "../words/words.ts";

/** Opens the link that `id N` or `pinned FILE` names. The caller closes it. */
export function takeLink(words: Words): OwnedFd {
  if (words.takeKeyword("id")) {
    const id = parseU32(words.take("a number"), "ID");
    try {
      return new OwnedFd(linkGetFdById(id), `link ${id}`);
    } catch (error) {
      throw failedTo(`failed to get link with ID ${id}`, error, { errnoExit: true });
    }
  }
  if (words.takeKeyword("pinned")) return openPinnedFd(words.take("a file"), "link");
  throw unexpectedWord(["id", "pinned"], words);
}
