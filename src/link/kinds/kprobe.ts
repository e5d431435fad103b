import { Errno, UsageError } from "../../errors/index.ts";
import type { OptionTable } from "../../kernel/index.ts";
import { targetMissing } from "../../kernel/index.ts";
import { nearNames } from "../../layout/index.ts";
import type { Program } from "../../program/index.ts";
import { kernelFunctionNames, kernelSymbols } from "../../sys/index.ts";
import { BpfProgType } from "../../uapi/index.ts";
import { checkArguments } from "../attach-arguments.ts";
import { type Hook, requireType } from "../hook.ts";
import type { Link } from "../link.ts";
import type { Cookie } from "../perf-link.ts";
import { attachProbe, PROBE_MODES, type ProbeMode } from "../probe/probe-event.ts";

/** Where and how to attach a program to a function of the kernel. */
export interface KprobePlace {
  /**
   * The function, such as `do_unlinkat`. If neither `symbol` nor `address` is given, the function in the program's
   * section is used.
   */
  readonly symbol?: string | undefined;
  /** The address of an instruction, as in /proc/kallsyms. Give it instead of a symbol. */
  readonly address?: bigint | undefined;
  /** The offset from the function's start in bytes. */
  readonly offset?: number | undefined;
  /** What bpf_get_attach_cookie() returns in the program (5.15). */
  readonly cookie?: Cookie | undefined;
  /** How to make the probe. Default: the newest mode that this kernel supports. */
  readonly mode?: ProbeMode | undefined;
}

/** Where and how to attach a program to the return of a function of the kernel. */
export interface KretprobePlace extends Omit<KprobePlace, "offset"> {
  /**
   * The kernel traces at most this many concurrent calls and misses the returns of further calls. Implies the mode
   * `tracefs`.
   */
  readonly maxActive?: number | undefined;
}

const COMMON_OPTIONS = { symbol: "text", address: "u64", cookie: "u64", mode: PROBE_MODES } as const;
const KPROBE_OPTIONS: OptionTable<KprobePlace> = { ...COMMON_OPTIONS, offset: "natural" };
const KRETPROBE_OPTIONS: OptionTable<KretprobePlace> = { ...COMMON_OPTIONS, maxActive: "natural" };

/**
 * Attaches a program to a function of the kernel, or to an instruction in it, on all CPUs (4.1). On Linux 5.15 and
 * newer the attachment is a link. On older kernels it is made by ioctl and ends with the process. Throws UsageError for
 * a function that does not exist, and suggests similar names.
 */
export function attachKprobe(program: Program, place: KprobePlace = {}): Link {
  checkArguments("attachKprobe", program, place, KPROBE_OPTIONS);
  return attachTo(program, place, false);
}

/** Attaches a program to the return of a function of the kernel. See {@link attachKprobe}. */
export function attachKretprobe(program: Program, place: KretprobePlace = {}): Link {
  checkArguments("attachKretprobe", program, place, KRETPROBE_OPTIONS);
  return attachTo(program, place, true);
}

function attachTo(program: Program, place: KprobePlace & KretprobePlace, returns: boolean): Link {
  const { symbol, address, offset } = target(program, place);
  const what = symbol ?? (address === undefined ? "of no function" : `0x${address.toString(16)}`);
  const hook: Hook = {
    name: `${returns ? "kretprobe" : "kprobe"} ${what}${offset === 0 ? "" : `+0x${offset.toString(16)}`}`,
    programTypes: [BpfProgType.BPF_PROG_TYPE_KPROBE],
    loadedFor: [0],
    explain: ({ errno }) => reasonOf(errno, symbol, offset),
  };
  requireType(program, hook);
  if (symbol === undefined && address === undefined) {
    throw new UsageError(
      `${program.what}: give the function to probe, for example { symbol: "do_unlinkat" }; its section does not name one`,
    );
  }
  if (returns && offset !== 0) throw new UsageError(`${program.what}: a kretprobe cannot have an offset`);
  const probe = {
    pmu: "kprobe",
    returns,
    name: symbol,
    offset: address ?? BigInt(offset),
    maxActive: place.maxActive,
  } as const;
  return attachProbe(program, hook, probe, { mode: place.mode, cookie: place.cookie });
}

interface KprobeTarget {
  readonly symbol?: string;
  readonly address?: bigint;
  readonly offset: number;
}

function target(program: Program, { symbol, address, offset = 0 }: KprobePlace): KprobeTarget {
  if (symbol !== undefined && address !== undefined) {
    throw new UsageError(`${program.what}: give the function by its symbol or by an address, not by both`);
  }
  if (address !== undefined) return { address: BigInt(address) + BigInt(offset), offset: 0 };
  if (symbol !== undefined && symbol !== "") return { symbol, offset };
  return kprobeSection(program.origin.attachTo ?? "") ?? { offset };
}

/** Splits the text `function+offset` from a section's name. Returns undefined if the text has another form. */
export function kprobeSection(text: string): { symbol: string; offset: number } | undefined {
  const parts = /^([\w.]+)(?:\+(0x[\da-fA-F]+|\d+))?$/.exec(text);
  return parts?.[1] === undefined ? undefined : { symbol: parts[1], offset: Number(parts[2] ?? 0) };
}

function reasonOf(errno: number, symbol: string | undefined, offset: number): Error | string | undefined {
  if (symbol !== undefined && (errno === Errno.ENOENT || errno === Errno.EINVAL)) {
    const missing = missingFunction(symbol);
    if (missing !== undefined) return missing;
  }
  switch (errno) {
    case Errno.EILSEQ:
      return `the ${symbol === undefined ? "address" : "offset"} is in the middle of an instruction`;
    case Errno.EADDRNOTAVAIL:
      return "several functions have this name; give the address of one";
    case Errno.EINVAL:
    case Errno.ENOENT:
      if (symbol === undefined) return "the kernel does not allow a probe at this address";
      return offset === 0
        ? "the kernel does not allow a probe on this function"
        : "the offset is not in this function, or the kernel does not allow a probe there";
    default:
      return undefined;
  }
}

/**
 * Returns the error for a function that does not exist in this kernel. A name such as `veth:veth_xmit` is looked up in
 * the module before the colon. The error suggests similar names. Returns undefined if the function exists.
 */
export function missingFunction(name: string): UsageError | undefined {
  const colon = name.indexOf(":");
  if (colon > 0) return missingInModule(name.slice(0, colon), name.slice(colon + 1));
  let has = false;
  function* others(): Generator<string, void, undefined> {
    for (const one of kernelFunctionNames()) {
      has = one === name;
      if (has) return;
      yield one;
    }
  }
  const near = nearNames(name, others());
  if (has) return undefined;
  return targetMissing(`this kernel has no function ${name}`, near);
}

function missingInModule(module: string, name: string): UsageError | undefined {
  const elsewhere = new Set<string | undefined>();
  let isLoaded: boolean | undefined;
  for (const symbol of kernelSymbols()) {
    // The symbols of BPF programs come last, and they are not functions of the kernel.
    if (symbol.module === "bpf") break;
    isLoaded ??= module === "vmlinux";
    const own = symbol.module ?? "vmlinux";
    if (own === module) isLoaded = true;
    if (symbol.name !== name) continue;
    if (own === module) return undefined;
    elsewhere.add(symbol.module);
  }
  // The kernel hides all symbols from this process, so it is unknown whether the function exists.
  if (isLoaded === undefined) return undefined;
  const places = [...elsewhere].map((one) => (one === undefined ? "the kernel itself" : `module ${one}`));
  const hint = places.length === 0 ? "" : `; ${name} is in ${places.join(" and ")}`;
  return targetMissing(
    isLoaded ? `module ${module} has no function ${name}${hint}` : `no module ${module} is loaded${hint}`,
  );
}
