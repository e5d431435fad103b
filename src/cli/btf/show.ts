import { type BtfDescription, describeBtfObjects } from "../../inventory/index.ts";
import { btfGetFdById, OwnedFd } from "../../sys/index.ts";
import type { Run } from "../command/command.ts";
import { failedTo } from "../failure/reason.ts";
import { holderOptions } from "../handle/holders.ts";
import { Listing } from "../output/listing.ts";
import { parseU32, unexpectedWord, type Words } from "../words/words.ts";
import { btfJson, btfText } from "./render.ts";

/** `bpfts btf show [id BTF_ID]`. */
export const showBtf: Run = (words, options) => {
  using chosen = words.left === 0 ? undefined : takeBtf(words);
  const listing = new Listing<BtfDescription>({ text: btfText, json: btfJson }, options, chosen === undefined);
  try {
    const fds = chosen === undefined ? undefined : [chosen.number];
    for (const btf of describeBtfObjects({ fds, holders: holderOptions(options) })) listing.add(btf);
  } catch (error) {
    throw failedTo(chosen === undefined ? "can't list the BTF objects" : "can't get BTF object info", error);
  }
  return listing.answer();
};

function takeBtf(words: Words): OwnedFd {
  if (!words.takeKeyword("id")) throw unexpectedWord(["id"], words);
  const id = parseU32(words.take("a number"), "ID");
  words.end();
  try {
    return new OwnedFd(btfGetFdById(id), `BTF ${id}`);
  } catch (error) {
    throw failedTo(`can't get BTF object by id (${id})`, error);
  }
}
