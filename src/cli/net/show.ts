import { type NetAttachments, type NetAttachmentsOptions, netAttachments } from "../../inventory/index.ts";
import type { Run } from "../command/command.ts";
import { failedTo } from "../failure/reason.ts";
import type { Words } from "../words/words.ts";
import { indexOfDevice, takeDeviceName } from "./device.ts";
import { netJson, netText } from "./render.ts";

/** `bpfts net show [dev NAME] [netns FILE]`. bpftool does not have `netns`. */
export const showNet: Run = async (words, options) => {
  const { device, netns } = takeSelection(words);
  const found = listed({ device: netns === undefined && device !== undefined ? indexOfDevice(device) : device, netns });
  if (options.table) return (await import("./table.ts")).netTable(found, options);
  return { text: () => [netText(found)], json: () => netJson(found) };
};

function takeSelection(words: Words): { device: string | undefined; netns: string | undefined } {
  let device: string | undefined;
  let netns: string | undefined;
  while (words.left > 0) {
    if (words.peek === "netns" && netns === undefined) {
      words.take("a file");
      netns = words.take("the file of a network namespace");
    } else if (device === undefined) device = takeDeviceName(words);
    else words.end();
  }
  return { device, netns };
}

function listed(options: NetAttachmentsOptions): NetAttachments {
  try {
    return netAttachments(options);
  } catch (error) {
    throw failedTo("can't query prog", error);
  }
}
