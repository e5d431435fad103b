import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { linkJson, linkText } from "../../src/cli/link/render.ts";
import { formatJson } from "../../src/cli/output/json-writer.ts";
import { describeLink } from "../../src/inventory/index.ts";
import { type LinkInfo, openLink } from "../../src/link/index.ts";
import { BPFTOOL, lacking } from "../support/feature.ts";

/**
 * Fails unless `link show` prints a link as bpftool does, byte for byte, text and JSON: all that an info has is in them.
 * The processes that hold it are left out, as Debian's bpftool does. Nothing is compared where there is no bpftool.
 */
export function assertLikeBpftool(info: LinkInfo): void {
  if (lacking("tool:bpftool") !== false) return;
  using link = openLink({ id: info.id });
  const record = describeLink(link.fd);
  const known = info.kind === "kprobe_multi" ? withoutFunctions : (text: string): string => text;
  const json = (pretty: boolean): string => `${formatJson(linkJson(record), pretty)}\n`;
  assert.equal(known(json(false)), known(shown(info.id, "-j")), "the JSON is bpftool's");
  // Under emulation a start of bpftool takes ten seconds, and JSON has each field.
  if (process.env.BPFTS_VM !== undefined && process.env.BPFTS_VM_TEXT === undefined) return;
  assert.equal(known(linkText(record)), known(shown(info.id)), "the text is bpftool's");
  assert.equal(known(json(true)), known(shown(info.id, "-p")), "the pretty JSON is bpftool's");
}

function shown(id: number, ...options: string[]): string {
  // Its exit code after showing one link is 255, whatever happened.
  return spawnSync(BPFTOOL, [...options, "link", "show", "id", `${id}`], { encoding: "utf8" }).stdout;
}

/** bpftool loses the functions behind the first without a symbol, and all of them where it cannot read the kernel's config. */
function withoutFunctions(text: string): string {
  return text.replace(/\n\t[0-9a-f]{16} [^\n]*/g, "").replace(/"funcs": ?\[[^\]]*\]/, '"funcs":[]');
}
