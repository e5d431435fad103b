import { Errno, NotSupportedError, SyscallError } from "../../errors/index.ts";
import { lackError } from "../../kernel/index.ts";
import type { Program } from "../../program/index.ts";
import { makeTraceProbe, type PerfPmu, perfEventOpen, perfPmu } from "../../sys/index.ts";
import { PerfType } from "../../uapi/index.ts";
import { explained, type Hook } from "../hook.ts";
import type { Link } from "../link.ts";
import { type Cookie, linkPerfEvent } from "../perf-link.ts";

/** The ways to make a single probe; see {@link ProbeMode}. */
export const PROBE_MODES = ["link", "ioctl", "tracefs"] as const;
/**
 * How a single probe is made. `link` and `ioctl`: a perf event of the kprobe or uprobe PMU (4.17), with a link (5.15)
 * or without; `tracefs`: an event in tracefs, which outlives a process that is killed.
 */
export type ProbeMode = (typeof PROBE_MODES)[number];

/** A perf event of a probe, and what is left to undo when its attachment ends. */
interface ProbeEvent {
  readonly fd: number;
  readonly remove: (() => void) | undefined;
}

/** A probe in the kernel or in a file. */
export interface ProbeTarget {
  readonly pmu: "kprobe" | "uprobe";
  readonly returns: boolean;
  /** The kernel's function, or the file; undefined for a kprobe by its address. */
  readonly name: string | undefined;
  /** In the function or file; without a name the address. */
  readonly offset: bigint;
  /** Of the counter that switches a USDT on, in the file; 0 for none. */
  readonly refCounter?: number | undefined;
  /** Only this process; all where left out. */
  readonly pid?: number | undefined;
  readonly maxActive?: number | undefined;
}

/**
 * Opens the perf event of a probe: by its PMU, or by an event in tracefs where the kernel has no such PMU or the mode
 * says so. Throws SyscallError as the kernel refuses, NotSupportedError if it has no such probes at all.
 */
function openProbe(target: ProbeTarget, mode: ProbeMode | undefined): ProbeEvent {
  // How many returns may be awaited can only be said in tracefs.
  const byTracefs = mode === "tracefs" || target.maxActive !== undefined;
  const pmu = byTracefs ? undefined : perfPmu(target.pmu);
  if (pmu !== undefined) return { fd: openByPmu(target, pmu), remove: undefined };
  if (mode === "link" || mode === "ioctl") {
    throw noProbes(target.pmu, `perf events of ${target.pmu}s`);
  }
  return openByTracefs(target);
}

function openByPmu(target: ProbeTarget, pmu: PerfPmu): number {
  const { name, offset, returns, refCounter = 0, pid } = target;
  let config = 0n;
  if (returns) config |= 1n << BigInt(pmu.bit("retprobe") ?? 0);
  if (refCounter !== 0) {
    const bit = pmu.bit("ref_ctr_offset");
    if (bit === undefined) throw new NotSupportedError({ feature: "reference counters of uprobes" });
    config |= BigInt(refCounter) << BigInt(bit);
  }
  return perfEventOpen({ type: pmu.type, config, path: name, config2: offset, ...who(pid) });
}

function openByTracefs(target: ProbeTarget): ProbeEvent {
  const { pmu, name, offset, returns, refCounter = 0, maxActive, pid } = target;
  const at = `0x${offset.toString(16)}`;
  const place =
    pmu === "kprobe"
      ? name === undefined
        ? at
        : `${name}+${at}`
      : `${name}:${at}${refCounter === 0 ? "" : `(0x${refCounter.toString(16)})`}`;
  let probe: ReturnType<typeof makeTraceProbe>;
  try {
    probe = makeTraceProbe({ file: `${pmu}_events`, returns, target: place, maxActive });
  } catch (error) {
    if (!(error instanceof NotSupportedError)) throw error;
    throw noProbes(pmu, `${pmu}s`, error);
  }
  try {
    const fd = perfEventOpen({ type: PerfType.PERF_TYPE_TRACEPOINT, config: probe.id, ...who(pid) });
    return { fd, remove: () => removeQuietly(probe.remove) };
  } catch (error) {
    probe.remove();
    throw error;
  }
}

/** The error of a kernel without probes of a kind. The table of features knows which build option it lacks. */
function noProbes(pmu: ProbeTarget["pmu"], what: string, cause?: unknown): NotSupportedError {
  return lackError(`attach:${pmu}`, { what }, cause) ?? new NotSupportedError({ feature: what }, { cause });
}

/** An event of one thread is on any CPU, one of all threads on one. A probe's program runs on all CPUs either way. */
function who(pid: number | undefined): { pid: number; cpu: number } {
  return pid === undefined ? { pid: -1, cpu: 0 } : { pid, cpu: -1 };
}

/** The event stays if another process holds the link: it is in use then. */
function removeQuietly(remove: () => void): void {
  try {
    remove();
  } catch (error) {
    if (!(error instanceof SyscallError) || error.errno !== Errno.EBUSY) throw error;
  }
}

/** Attaches a program to a probe. What was made in tracefs goes with the attachment, or at once if there is none. */
export function attachProbe(
  program: Program,
  hook: Hook,
  target: ProbeTarget,
  options: { readonly mode?: ProbeMode | undefined; readonly cookie?: Cookie | undefined },
): Link {
  const { mode, cookie } = options;
  const { fd, remove } = explained(program, hook, () => openProbe(target, mode));
  try {
    const cleanup = remove && { run: remove, unpinnable: "its event in tracefs could not be removed any more" };
    return linkPerfEvent(program, hook, fd, { cookie, withoutLink: mode === "ioctl", cleanup });
  } catch (error) {
    remove?.();
    throw error;
  }
}
