import { objectFds } from "../kernel/index.ts";
import {
  closeFd,
  deviceName,
  kernelAtLeast,
  kernelSymbolsByAddress,
  type LinkInfo,
  linkInfo,
  type PerfEventLinkInfo,
  progGetFdById,
  progInfo,
} from "../sys/index.ts";

/** A kernel symbol. */
export interface SymbolName {
  readonly func: string;
  /** Undefined for the kernel itself. */
  readonly module: string | undefined;
}

/** A link with what its numbers mean: all that can be shown of it without asking the kernel again. */
export interface LinkDescription {
  readonly info: LinkInfo;
  /** The type of a tracing link's program; undefined for other kinds, and where the program is gone. */
  readonly progType: number | undefined;
  /** The device of an xdp, tcx or netkit link; undefined where this network namespace has no such device. */
  readonly devname: string | undefined;
  /** The symbols at a kprobe_multi link's addresses; an address that the kernel shows no symbol for is absent. */
  readonly symbols: ReadonlyMap<bigint, SymbolName>;
  /** The cookie of a perf event's link (6.9; before, `perfLinkCookies()` may know it); undefined for other kinds. */
  readonly perfCookie: bigint | undefined;
}

/** Everything about all links of the kernel, in the order of their ids; a link that vanishes meanwhile is left out. */
export function describeAllLinks(): LinkDescription[] {
  return [...linkDescriptions()];
}

/**
 * Like {@link describeAllLinks}, one after another. From the first kprobe_multi link on they come at the end: their
 * addresses are looked for together.
 */
export function* linkDescriptions(): Generator<LinkDescription, void, undefined> {
  const describe = describer();
  const held: LinkInfo[] = [];
  for (const fd of objectFds("link")) {
    const info = linkInfo(fd);
    if (held.length > 0 || info.kind === "kprobe_multi") held.push(info);
    else yield describe(info, NO_SYMBOLS);
  }
  const symbols = probeSymbols(held);
  for (const info of held) yield describe(info, symbols);
}

/**
 * What the numbers of links mean. /proc/kallsyms, which costs the kernel the square of the loaded programs, is read once
 * for all kprobe_multi links, and not without one; a program or device that many links have is looked at once.
 */
export function describeLinks(infos: readonly LinkInfo[]): LinkDescription[] {
  const describe = describer();
  const symbols = probeSymbols(infos);
  return infos.map((info) => describe(info, symbols));
}

type Symbols = LinkDescription["symbols"];
const NO_SYMBOLS: Symbols = new Map();

function describer(): (info: LinkInfo, symbols: Symbols) => LinkDescription {
  const typeOf = remembered(programType);
  const deviceOf = remembered((ifindex) => deviceName(ifindex));
  return (info, symbols) => ({
    info,
    progType: info.kind === "tracing" ? typeOf(info.prog_id) : undefined,
    devname: "ifindex" in info ? deviceOf(info.ifindex) : undefined,
    symbols,
    perfCookie: info.kind === "perf_event" ? perfCookie(info) : undefined,
  });
}

/** A function that asks the kernel once for each number. */
function remembered<T>(ask: (number: number) => T): (number: number) => T {
  const known = new Map<number, T>();
  return (number) => {
    const old = known.get(number);
    if (old !== undefined || known.has(number)) return old as T;
    const answer = ask(number);
    known.set(number, answer);
    return answer;
  };
}

function perfCookie({ event }: PerfEventLinkInfo): bigint | undefined {
  return "cookie" in event && kernelAtLeast(6, 9) ? event.cookie : undefined;
}

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
