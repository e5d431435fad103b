import { tokenMounts } from "../../inventory/index.ts";
import type { Run } from "../command/command.ts";
import { tokenJson, tokenText } from "./render.ts";

/** `bpfts token show`. */
export const showTokens: Run = (words) => {
  words.end();
  const found = tokenMounts();
  return { text: () => found.map(tokenText), json: () => found.map(tokenJson) };
};
