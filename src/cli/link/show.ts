import {
  describeLinks,
  type LinkDescription,
  linkDescriptions,
  perfLinkCookies,
  pinnedPaths,
  pinsOf,
} from "../../inventory/index.ts";
import { linkGetNextId, linkInfo } from "../../sys/index.ts";
import type { Run } from "../command/command.ts";
import { failedTo } from "../failure/reason.ts";
import { takeLink } from "../handle/link.ts";
import { gatherRefs, type ObjectRefs } from "../handle/references.ts";
import { Listing } from "../output/listing.ts";
import type { Words } from "../words/words.ts";
import { linkJson } from "./json.ts";
import type { LinkRecord } from "./record.ts";
import { linkText } from "./text.ts";

/** `bpfts link show [LINK]`. */
export const showLinks: Run = async (words, options) => {
  const all = words.left === 0;
  const links = all ? allLinks() : [oneLink(words)][Symbol.iterator]();
  const pins = options.bpffs ? pinnedPaths("link") : undefined;
  const listing = new Listing<LinkRecord>({ text: linkText, json: linkJson }, options, all);
  const refs: ObjectRefs = all && !anyLink() ? new Map() : gatherRefs("link", options);
  let cookies: ReadonlyMap<number, bigint> | undefined;
  for (const link of links) {
    const { info } = link;
    // Before 6.9 the kernel does not tell the cookies of perf events; who looks for the processes finds them.
    if (info.kind === "perf_event" && link.perfCookie === undefined) {
      cookies ??= perfLinkCookies();
    }
    listing.add({
      info,
      progType: link.progType,
      devname: link.devname,
      symbols: link.symbols,
      perfCookie: link.perfCookie ?? cookies?.get(info.id),
      pinned: pinsOf(pins, info.id),
      refs: refs.get(info.id) ?? NOBODY,
    });
  }
  return listing.answer();
};

const NOBODY: LinkRecord["refs"] = [];

/** Without one nobody is looked for. */
function anyLink(): boolean {
  try {
    return linkGetNextId(0) !== undefined;
  } catch {
    // The listing says why.
    return true;
  }
}

function* allLinks(): Generator<LinkDescription> {
  try {
    yield* linkDescriptions();
  } catch (error) {
    throw failedTo("can't list the links", error);
  }
}

function oneLink(words: Words): LinkDescription {
  using fd = takeLink(words);
  words.end();
  try {
    return describeLinks([linkInfo(fd.number)])[0] as LinkDescription;
  } catch (error) {
    throw failedTo("can't get link info", error);
  }
}
