import { Errno, NotSupportedError, UsageError } from "../../errors/index.ts";
import type { OptionTable } from "../../kernel/index.ts";
import { hasWildcard, namePattern } from "../../layout/index.ts";
import type { Program } from "../../program/index.ts";
import { kernelSymbolAddresses, linkCreate, type TraceableFunction, traceableFunctions } from "../../sys/index.ts";
import { BpfAttachType, BpfKprobeMultiFlag, BpfProgType } from "../../uapi/index.ts";
import { checkArguments } from "../attach-arguments.ts";
import { attach, type Hook, requireType } from "../hook.ts";
import type { KernelLink } from "../link.ts";
import type { Cookie } from "../perf-link.ts";
import { missingFunction } from "./kprobe.ts";

/** The kernel functions to attach to. Give `symbols`, `addresses` or `pattern`. */
export interface KprobeMultiPlace {
  /** Names of functions. A name with `*` or `?` matches all functions that can be traced. */
  readonly symbols?: readonly string[] | undefined;
  /** Addresses of functions, as in /proc/kallsyms. */
  readonly addresses?: readonly bigint[] | undefined;
  /**
   * One pattern for names. If neither `symbols`, `addresses` nor `pattern` is given, the pattern in the program's
   * section is used.
   */
  readonly pattern?: string | undefined;
  /**
   * What bpf_get_attach_cookie() returns in the program: one cookie for each symbol or address. Do not use it with
   * patterns.
   */
  readonly cookies?: readonly Cookie[] | undefined;
  /** Run at the functions' returns instead of their entries. */
  readonly returns?: boolean | undefined;
  /**
   * Run at the entries and at the returns. If the program returns 1 at an entry, it does not run at the return of that
   * call (6.10).
   */
  readonly session?: boolean | undefined;
}

const OPTIONS: OptionTable<KprobeMultiPlace> = {
  symbols: "texts",
  addresses: "u64s",
  pattern: "text",
  cookies: "u64s",
  returns: "boolean",
  session: "boolean",
};

/**
 * Attaches a program to many functions of the kernel at once, by one link (5.18; needs CONFIG_FPROBE). The program must
 * be loaded for BPF_TRACE_KPROBE_MULTI (`kprobe.multi/…`) or BPF_TRACE_KPROBE_SESSION.
 */
export function attachKprobeMulti(program: Program, place: KprobeMultiPlace = {}): KernelLink {
  checkArguments("attachKprobeMulti", program, place, OPTIONS);
  const isSession = place.session ?? program.origin.attachType === BpfAttachType.BPF_TRACE_KPROBE_SESSION;
  const attachType = isSession ? BpfAttachType.BPF_TRACE_KPROBE_SESSION : BpfAttachType.BPF_TRACE_KPROBE_MULTI;
  let functions: Functions = {};
  const hook: Hook = {
    name: `kernel functions by a ${isSession ? "kprobe session" : "kprobe_multi"} link`,
    programTypes: [BpfProgType.BPF_PROG_TYPE_KPROBE],
    loadedFor: [attachType],
    feature: isSession ? "link:kprobe_session" : "link:kprobe_multi",
    explain: ({ errno }) => reasonOf(errno, functions.syms),
  };
  requireType(program, hook);
  if (isSession && place.returns === true) {
    throw new UsageError(
      `${program.what}: a session always runs at entry and at return; leave out the option 'returns'`,
    );
  }
  functions = resolve(program, place);
  const flags = place.returns === true ? BpfKprobeMultiFlag.BPF_F_KPROBE_MULTI_RETURN : 0;
  const kprobe_multi = { ...functions, cookies: place.cookies, flags };
  return attach(program, hook, () => linkCreate(program.fd, 0, attachType, { kprobe_multi }));
}

interface Functions {
  readonly syms?: readonly string[];
  readonly addrs?: readonly bigint[];
}

function resolve(program: Program, place: KprobeMultiPlace): Functions {
  const { symbols, addresses, cookies, pattern } = place;
  if ([symbols, addresses, pattern].filter((one) => one !== undefined).length > 1) {
    throw new UsageError(`${program.what}: give only one of the options symbols, addresses and pattern`);
  }
  if (addresses !== undefined) {
    if (addresses.length === 0) throw new UsageError(`${program.what}: the list of addresses is empty`);
    return { addrs: addresses };
  }
  const names = symbols ?? [pattern ?? program.origin.attachTo ?? ""];
  if (names.length === 0 || names.includes("")) {
    throw new UsageError(
      `${program.what}: give its functions, for example { symbols: ["do_unlinkat"] }; its section does not name any`,
    );
  }
  if (!names.some(hasWildcard)) return { syms: names };
  if (cookies !== undefined)
    throw new UsageError(`${program.what}: cookies cannot be used with a pattern; give whole names`);
  const addrs = addressesOf(names);
  if (addrs.length === 0) throw new UsageError(`this kernel has no function that matches ${names.join(" or ")}`);
  return { addrs };
}

/** ftrace uses this prefix in its list for places that it cannot hook. */
const INVALID = "__ftrace_invalid_address__";

/** Returns the addresses of all functions that match and that ftrace can hook, in ascending order. */
function addressesOf(patterns: readonly string[]): bigint[] {
  const tests = patterns.map((pattern) => namePattern(pattern));
  const found = traceableFunctions((name) => !name.startsWith(INVALID) && tests.some((fits) => fits(name)));
  if (found === undefined) {
    throw new NotSupportedError({
      feature: "function patterns",
      detail: "tracefs does not list which functions can be traced (available_filter_functions); give whole names",
    });
  }
  const addresses = new Set<bigint>();
  const unknown: TraceableFunction[] = [];
  for (const one of found) {
    if (one.address === undefined || one.address === 0n) unknown.push(one);
    else addresses.add(one.address);
  }
  for (const set of kernelSymbolAddresses(unknown.map(({ name }) => name)).values()) {
    for (const address of set) addresses.add(address);
  }
  return [...addresses].sort((a, b) => (a < b ? -1 : 1));
}

function reasonOf(errno: number, syms: readonly string[] | undefined): Error | string | undefined {
  // ESRCH: a name is not in kallsyms, or its function cannot be traced. ENOENT: ftrace does not know the address.
  if (errno !== Errno.ESRCH && errno !== Errno.ENOENT && errno !== Errno.EINVAL) return undefined;
  for (const name of syms ?? []) {
    const missing = missingFunction(name);
    if (missing !== undefined) return missing;
  }
  return errno === Errno.EINVAL ? undefined : "one of the functions cannot be traced by ftrace";
}
