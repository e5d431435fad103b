import { describeLinks, type LinkDescription } from "../../inventory/index.ts";
import type { Run } from "../command/command.ts";
import { failedTo } from "../failure/reason.ts";
import { holderOptions } from "../handle/holders.ts";
import { takeLink } from "../handle/link.ts";
import { Listing } from "../output/listing.ts";
import type { Options } from "../words/options.ts";
import { linkJson, linkText } from "./render.ts";

/** `bpfts link show [LINK]`. */
export const showLinks: Run = async (words, options) => {
  using chosen = words.left === 0 ? undefined : takeLink(words);
  if (chosen !== undefined) words.end();
  if (options.table) return (await import("./table.ts")).linkTable(described(chosen?.number, options), options);
  const listing = new Listing<LinkDescription>({ text: linkText, json: linkJson }, options, chosen === undefined);
  for (const link of described(chosen?.number, options)) listing.add(link);
  return listing.answer();
};

function* described(fd: number | undefined, options: Options): Generator<LinkDescription> {
  try {
    const fds = fd === undefined ? undefined : [fd];
    yield* describeLinks({ fds, pins: options.bpffs, holders: holderOptions(options) });
  } catch (error) {
    throw failedTo(fd === undefined ? "can't list the links" : "can't get link info", error);
  }
}
