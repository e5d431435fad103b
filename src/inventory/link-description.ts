import { kernelHas, objectFds } from "../kernel/index.ts";
import { type LinkInfo, type PerfEventInfo, readLinkInfo } from "../link/index.ts";
import { closeFd, deviceName, kernelSymbolsByAddress, progGetFdById, progHead } from "../sys/index.ts";
import { perfLinkCookies } from "./holders/object-holders.ts";
import { checkDescribeOptions, DESCRIBE_OPTIONS, type DescribeOptions, findOwners, type Owners } from "./owners.ts";

/** A kernel symbol. */
export interface SymbolName {
  readonly func: string;
  /** The name of the module; undefined for the kernel itself. */
  readonly module: string | undefined;
}

/**
 * A link with everything that a listing can show, as plain data: the link's info, and names for the ids and addresses
 * in the info.
 */
export interface LinkDescription extends Owners {
  readonly id: number;
  readonly info: LinkInfo;
  /** The type of a tracing link's program; undefined for other kinds, or if the program is gone. */
  readonly progType: number | undefined;
  /** The name of the device of an xdp, tcx or netkit link; undefined if this network namespace has no such device. */
  readonly deviceName: string | undefined;
  /** The symbol at each address of a kprobe_multi link. An address without a visible symbol is absent. */
  readonly symbols: ReadonlyMap<bigint, SymbolName>;
  /**
   * The cookie of a perf event link; undefined for other kinds. Before Linux 6.9, the cookie is read only if the option
   * `holders` is given.
   */
  readonly perfCookie: bigint | undefined;
}

/**
 * Describes links one after another, so that only one description is in memory at a time. Skips links that disappear
 * during the call. The links from the first kprobe_multi link on are an exception: this function reads all of them
 * before it describes them, and looks up their addresses in one pass over /proc/kallsyms. The time for a pass is
 * quadratic in the number of loaded programs. Needs CAP_SYS_ADMIN, unless `fds` names the links.
 */
export function* describeLinks(options: DescribeOptions = {}): Generator<LinkDescription, void, undefined> {
  checkDescribeOptions("describeLinks", options, DESCRIBE_OPTIONS);
  const describe = describer(options);
  const held: LinkInfo[] = [];
  for (const fd of options.fds ?? objectFds("link")) {
    const info = readLinkInfo(fd);
    if (held.length > 0 || info.kind === "kprobe_multi") held.push(info);
    else yield describe(info, NO_SYMBOLS);
  }
  const symbols = probeSymbols(held);
  for (const info of held) yield describe(info, symbols);
}

/** Describes the link of an fd, without its pins and holders. */
export function describeLink(fd: number): LinkDescription {
  const info = readLinkInfo(fd);
  return describer({})(info, probeSymbols([info]));
}

type Symbols = LinkDescription["symbols"];
const NO_SYMBOLS: Symbols = new Map();

function describer(options: DescribeOptions): (info: LinkInfo, symbols: Symbols) => LinkDescription {
  const typeOf = cached(programType);
  const deviceOf = cached((ifindex) => deviceName(ifindex));
  let ownersOf: ((id: number) => Owners) | undefined;
  let cookies: ReadonlyMap<number, bigint> | undefined;
  const olderCookie = (id: number): bigint | undefined => {
    if (options.holders === undefined || options.holders === false) return undefined;
    cookies ??= perfLinkCookies();
    return cookies.get(id);
  };
  return (info, symbols) => {
    // Search for pins and holders only once there is a link.
    ownersOf ??= findOwners("link", options);
    return {
      id: info.id,
      info,
      progType: info.kind === "tracing" ? typeOf(info.progId) : undefined,
      deviceName: "ifindex" in info ? deviceOf(info.ifindex) : undefined,
      symbols,
      perfCookie: info.kind === "perf_event" ? (perfCookie(info.event) ?? olderCookie(info.id)) : undefined,
      ...ownersOf(info.id),
    };
  };
}

/** Returns a function that calls `ask` only once for each argument and caches the results. */
function cached<T>(ask: (number: number) => T): (number: number) => T {
  const known = new Map<number, T>();
  return (number) => {
    const old = known.get(number);
    if (old !== undefined || known.has(number)) return old as T;
    const answer = ask(number);
    known.set(number, answer);
    return answer;
  };
}

function perfCookie(event: PerfEventInfo): bigint | undefined {
  return "cookie" in event && kernelHas("info:perf_event_cookie") ? event.cookie : undefined;
}

function programType(id: number): number | undefined {
  let fd: number;
  try {
    fd = progGetFdById(id);
  } catch {
    return undefined;
  }
  try {
    return progHead(fd).type;
  } finally {
    closeFd(fd);
  }
}

/**
 * The size of `endbr64`. With CONFIG_X86_KERNEL_IBT, each function begins with this instruction, and the address of a
 * probe is the address after it.
 */
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
