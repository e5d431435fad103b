import { describeAllLinks, describeLinks, type LinkDescription } from "../../kernel/index.ts";
import { linkInfo } from "../../sys/index.ts";
import type { Run } from "../command.ts";
import { takeLink } from "../handle/link.ts";
import { Listing } from "../listing.ts";
import { pinnedPaths, pinsOf } from "../pinned-paths.ts";
import { failedTo } from "../reason.ts";
import { gatherRefs } from "../references.ts";
import type { Words } from "../words.ts";
import { linkJson } from "./json.ts";
import type { LinkRecord } from "./record.ts";
import { linkText } from "./text.ts";

/** `bpfts link show [LINK]`. */
export const showLinks: Run = async (words, options) => {
  const all = words.left === 0;
  const links = all ? allLinks() : [oneLink(words)];
  const pins = options.bpffs ? pinnedPaths("link") : undefined;
  const refs = links.length === 0 ? new Map() : await gatherRefs("link", options);
  // Before 6.9 the kernel does not tell the cookies of perf events; who looks for the processes finds them.
  const untold = links.some(({ info, perfCookie }) => info.kind === "perf_event" && perfCookie === undefined);
  const cookies = untold ? (await import("../many-references.ts")).perfLinkCookies() : undefined;
  const listing = new Listing<LinkRecord>({ text: linkText, json: linkJson }, options, all);
  for (const link of links) {
    listing.add({
      info: link.info,
      progType: link.progType,
      devname: link.devname,
      symbols: link.symbols,
      perfCookie: link.perfCookie ?? cookies?.get(link.info.id),
      pinned: pinsOf(pins, link.info.id),
      refs: refs.get(link.info.id) ?? NOBODY,
    });
  }
  return listing.answer();
};

const NOBODY: LinkRecord["refs"] = [];

function allLinks(): LinkDescription[] {
  try {
    return describeAllLinks();
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
