import { Errno, UsageError } from "../../errors/index.ts";
import { nearNames } from "../../layout/index.ts";
import type { Program } from "../../program/index.ts";
import { kernelFunctionNames } from "../../sys/index.ts";
import { BpfProgType } from "../../uapi/index.ts";
import type { Link } from "../link.ts";
import type { Cookie } from "../perf-link.ts";
import { attachProbe, type ProbeMode } from "../probe/probe-event.ts";
import { type Refusal, requireType } from "../refusal.ts";

/** Where and how a program is attached to a function of the kernel. */
export interface KprobePlace {
  /** The function, such as `do_unlinkat`; what the program's section says where neither this nor an address is given. */
  readonly symbol?: string | undefined;
  /** Instead of a symbol: the address of an instruction, as in /proc/kallsyms. */
  readonly address?: bigint | undefined;
  /** Bytes from the function's start. Not at a return. */
  readonly offset?: number | undefined;
  /** What bpf_get_attach_cookie() gives the program (5.15). */
  readonly cookie?: Cookie | undefined;
  /** How the probe is made; the newest way that this kernel has where left out. */
  readonly mode?: ProbeMode | undefined;
}

/** Where and how a program is attached to the return of a function of the kernel. */
export interface KretprobePlace extends Omit<KprobePlace, "offset"> {
  /** How many calls may wait for their return at once before further ones are missed; makes the probe in tracefs. */
  readonly maxActive?: number | undefined;
}

/**
 * Attaches a program to a function of the kernel, or to an instruction in it, on all CPUs (Linux 4.1; by a link 5.15,
 * before by ioctl, as long as the process lives). Throws UsageError for a function that is not there, with names that
 * are like it.
 */
export function attachKprobe(program: Program, place: KprobePlace = {}): Link {
  return attach(program, place, false);
}

/** Attaches a program to the return of a function of the kernel; otherwise as {@link attachKprobe}. */
export function attachKretprobe(program: Program, place: KretprobePlace = {}): Link {
  return attach(program, place, true);
}

function attach(program: Program, place: KprobePlace & KretprobePlace, returns: boolean): Link {
  const kind = returns ? "kretprobe" : "kprobe";
  requireType(program, `a ${kind}`, BpfProgType.BPF_PROG_TYPE_KPROBE);
  const { symbol, address, offset } = target(program, place);
  if (returns && offset !== 0) throw new UsageError(`${program.what}: a kretprobe takes no offset`);
  const hook = `${kind} ${symbol ?? `0x${address?.toString(16)}`}${offset === 0 ? "" : `+0x${offset.toString(16)}`}`;
  const refusal: Refusal = { hook, reasons: ({ errno }) => reason(errno, symbol, offset) };
  const probe = {
    pmu: "kprobe",
    returns,
    name: symbol,
    offset: address ?? BigInt(offset),
    maxActive: place.maxActive,
  } as const;
  return attachProbe(program, probe, { mode: place.mode, cookie: place.cookie, refusal });
}

function target(program: Program, place: KprobePlace): { symbol?: string; address?: bigint; offset: number } {
  const { symbol, address } = place;
  const offset = place.offset ?? 0;
  if (symbol !== undefined && address !== undefined) {
    throw new UsageError(`${program.what}: say the function by its symbol or by an address, not by both`);
  }
  if (!Number.isSafeInteger(offset) || offset < 0) throw new UsageError(`${offset} is no offset in a function`);
  if (address !== undefined) return { address: address + BigInt(offset), offset: 0 };
  if (symbol !== undefined && symbol !== "") return { symbol, offset };
  const said = kprobeSection(program.origin.attachTo ?? "");
  if (said === undefined) {
    throw new UsageError(`${program.what}: say its function, such as do_unlinkat; its section does not`);
  }
  return said;
}

/** Takes `function+offset` of a section's name apart; undefined for another form. */
export function kprobeSection(text: string): { symbol: string; offset: number } | undefined {
  const parts = /^([\w.]+)(?:\+(0x[\da-fA-F]+|\d+))?$/.exec(text);
  return parts?.[1] === undefined ? undefined : { symbol: parts[1], offset: Number(parts[2] ?? 0) };
}

function reason(errno: number, symbol: string | undefined, offset: number): Error | string | undefined {
  if (symbol !== undefined && (errno === Errno.ENOENT || errno === Errno.EINVAL)) {
    const missing = missingFunction(symbol);
    if (missing !== undefined) return missing;
  }
  switch (errno) {
    case Errno.EILSEQ:
      return "there is no instruction at that offset, but in the middle of one";
    case Errno.EADDRNOTAVAIL:
      return "several functions have that name: say the address of one";
    case Errno.EINVAL:
    case Errno.ENOENT:
      return offset === 0
        ? "the kernel does not let that function be probed"
        : "the offset is not in that function, or may not be probed";
    default:
      return undefined;
  }
}

/** The error for a function that this kernel does not have, with names that are like it; undefined if it has it. */
export function missingFunction(name: string): UsageError | undefined {
  const plain = name.slice(name.indexOf(":") + 1);
  let has = false;
  function* others(): Generator<string, void, undefined> {
    for (const one of kernelFunctionNames()) {
      has = one === plain;
      if (has) return;
      yield one;
    }
  }
  const near = nearNames(plain, others());
  if (has) return undefined;
  return new UsageError(`this kernel has no function ${name}${near.length === 0 ? "" : `; it has ${near.join(", ")}`}`);
}
