import { closeFd, kernelSymbolsByAddress, type LinkInfo, linkInfo, progGetFdById, progInfo } from "../../sys/index.ts";
import type { Run } from "../command.ts";
import { deviceName } from "../devices.ts";
import { eachLink, takeLink } from "../handle/link.ts";
import { pinnedPaths, pinsOf } from "../pinned-paths.ts";
import { failedTo } from "../reason.ts";
import { linkJson } from "./json.ts";
import type { LinkRecord, SymbolName } from "./record.ts";
import { linkText } from "./text.ts";

/** `bpfts link show [LINK]`. */
export const showLinks: Run = (words, options) => {
  const all = words.left === 0;
  const links = all ? eachLink() : [takeLink(words)];
  if (!all) words.end();
  const infos: LinkInfo[] = [];
  for (const fd of links) {
    try {
      infos.push(linkInfo(fd.number));
    } catch (error) {
      throw failedTo("can't get link info", error);
    } finally {
      fd.close();
    }
  }
  const pins = options.bpffs ? pinnedPaths("link") : undefined;
  const symbols = probeSymbols(infos);
  const records = infos.map(
    (info): LinkRecord => ({
      info,
      progType: info.kind === "tracing" ? programType(info.prog_id) : undefined,
      devname: "ifindex" in info ? deviceName(info.ifindex) : undefined,
      symbols,
      pinned: pinsOf(pins, info.id),
      refs: [],
    }),
  );
  return {
    text: () => records.map(linkText),
    json: () => (all ? records.map(linkJson) : linkJson(records[0] as LinkRecord)),
  };
};

function programType(id: number): number | undefined {
  let fd: number;
  try {
    fd = progGetFdById(id);
  } catch {
    return undefined;
  }
  try {
    return progInfo(fd).type;
  } finally {
    closeFd(fd);
  }
}

/** A function's entry may begin with `endbr64`, behind which ftrace then has its probe (CONFIG_X86_KERNEL_IBT). */
const ENDBR_SIZE = 4n;

/** The symbols at the addresses of all kprobe_multi links, in one pass over /proc/kallsyms; it is not read for none. */
function probeSymbols(infos: readonly LinkInfo[]): ReadonlyMap<bigint, SymbolName> {
  const names = new Map<bigint, SymbolName>();
  const addresses = infos.flatMap((info) => (info.kind === "kprobe_multi" ? info.addrs : []));
  if (addresses.length === 0) return names;
  const found = kernelSymbolsByAddress([...addresses, ...addresses.map((address) => address - ENDBR_SIZE)]);
  for (const address of addresses) {
    const symbol = found.get(address) ?? found.get(address - ENDBR_SIZE);
    if (symbol !== undefined) names.set(address, { func: symbol.name, module: symbol.module });
  }
  return names;
}
