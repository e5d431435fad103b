import { Errno, NotSupportedError, SyscallError } from "../../errors/index.ts";
import { lackError } from "../../kernel/index.ts";
import type { Program } from "../../program/index.ts";
import { makeTraceProbe, type PerfPmu, perfEventOpen, perfPmu } from "../../sys/index.ts";
import { PerfType } from "../../uapi/index.ts";
import { explained, type Hook } from "../hook.ts";
import type { Link } from "../link.ts";
import { type Cookie, linkPerfEvent } from "../perf-link.ts";

/** All ways to make a single probe. See {@link ProbeMode}. */
export const PROBE_MODES = ["link", "ioctl", "tracefs"] as const;
/**
 * How to make a single probe. `link` and `ioctl` open a perf event of the kprobe or uprobe PMU (4.17), and attach the
 * program by a link (5.15) or by ioctl. `tracefs` adds an event to tracefs. This event stays in tracefs if the process
 * is killed.
 */
export type ProbeMode = (typeof PROBE_MODES)[number];

/** The perf event of a probe, and the function that cleans up after the attachment has ended. */
interface ProbeEvent {
  readonly fd: number;
  readonly remove: (() => void) | undefined;
}

/** A probe in the kernel or in a file. */
export interface ProbeTarget {
  readonly pmu: "kprobe" | "uprobe";
  readonly returns: boolean;
  /** The kernel function of a kprobe, or the file of a uprobe. Undefined for a kprobe at an address. */
  readonly name: string | undefined;
  /** The offset in the function or file. Without a name, it is the address. */
  readonly offset: bigint;
  /** The file offset of the reference counter (USDT semaphore); 0 for none. */
  readonly refCounter?: number | undefined;
  /** The process to trace. Default: all processes. */
  readonly pid?: number | undefined;
  readonly maxActive?: number | undefined;
}

/**
 * Opens the perf event of a probe by its PMU. If the kernel has no such PMU, or if the mode is `tracefs`, uses an event
 * in tracefs. Throws SyscallError with the kernel's errno, and NotSupportedError if the kernel has no such probes at
 * all.
 */
function openProbe(target: ProbeTarget, mode: ProbeMode | undefined): ProbeEvent {
  // Only events in tracefs have a parameter for maxActive.
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
  return perfEventOpen({ type: pmu.type, config, path: name, config2: offset, ...pidAndCpu(pid) });
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
    const fd = perfEventOpen({ type: PerfType.PERF_TYPE_TRACEPOINT, config: probe.id, ...pidAndCpu(pid) });
    return { fd, remove: () => removeQuietly(probe.remove) };
  } catch (error) {
    probe.remove();
    throw error;
  }
}

/** Returns the error for a kernel without kprobes or uprobes. The missing build option comes from the feature table. */
function noProbes(pmu: ProbeTarget["pmu"], what: string, cause?: unknown): NotSupportedError {
  return lackError(`attach:${pmu}`, { what }, cause) ?? new NotSupportedError({ feature: what }, { cause });
}

/**
 * Returns the pid and the cpu for perf_event_open. An event of one thread has no CPU, and an event of all threads must
 * have one. In both cases the probe's program runs on all CPUs.
 */
function pidAndCpu(pid: number | undefined): { pid: number; cpu: number } {
  return pid === undefined ? { pid: -1, cpu: 0 } : { pid, cpu: -1 };
}

/**
 * Removes an event from tracefs. If the event is in use because another process holds the link, it stays in tracefs.
 */
function removeQuietly(remove: () => void): void {
  try {
    remove();
  } catch (error) {
    if (!(error instanceof SyscallError) || error.errno !== Errno.EBUSY) throw error;
  }
}

/**
 * Attaches a program to a probe. An event in tracefs is removed together with the attachment. If attaching fails, it is
 * removed at once.
 */
export function attachProbe(
  program: Program,
  hook: Hook,
  target: ProbeTarget,
  options: { readonly mode?: ProbeMode | undefined; readonly cookie?: Cookie | undefined },
): Link {
  const { mode, cookie } = options;
  const { fd, remove } = explained(program, hook, () => openProbe(target, mode));
  try {
    const cleanup = remove && { run: remove, unpinnable: "its event in tracefs would then never be removed" };
    return linkPerfEvent(program, hook, fd, { cookie, withoutLink: mode === "ioctl", cleanup });
  } catch (error) {
    remove?.();
    throw error;
  }
}
