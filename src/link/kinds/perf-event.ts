import { Errno, NotSupportedError, type SyscallError, UsageError } from "../../errors/index.ts";
import { checkOptions, type OptionTable, required } from "../../kernel/index.ts";
import { lookUp } from "../../layout/index.ts";
import type { Program } from "../../program/index.ts";
import { duplicateFd, type PerfEventOptions, perfEventOpen } from "../../sys/index.ts";
import { BpfProgType, PerfHardware, PerfSoftware, PerfType } from "../../uapi/index.ts";
import { checkArguments } from "../attach-arguments.ts";
import { explained, type Hook } from "../hook.ts";
import type { Link } from "../link.ts";
import { type Cookie, linkPerfEvent } from "../perf-link.ts";

/** A software event of the kernel. The name has no prefix `PERF_COUNT_SW_`: `cpu_clock`, `page_faults`, … */
export type SoftwareEvent = Lowercase<Rest<keyof typeof PerfSoftware, "PERF_COUNT_SW_">>;
/** A hardware counter of the processor. The name has no prefix `PERF_COUNT_HW_`: `cpu_cycles`, `instructions`, … */
export type HardwareEvent = Lowercase<Rest<keyof typeof PerfHardware, "PERF_COUNT_HW_">>;
type Rest<Name extends string, Prefix extends string> = Name extends `${Prefix}${infer R}` ? R : never;

/** The event to count. */
export type PerfEventSource =
  | { readonly software: SoftwareEvent }
  | { readonly hardware: HardwareEvent }
  /** `perf_event_attr.type` and `.config`: the number of a PMU, and how this PMU encodes the event. */
  | { readonly type: number; readonly config: bigint | number };

/** When and where the program runs. */
export interface PerfEventPlace {
  /** The event, or the fd of an event that the caller has opened. The caller still owns that fd. */
  readonly event: PerfEventSource | { readonly fd: number };
  /** The thread to count; 0 is the calling thread. Default: all threads that run on the CPU. */
  readonly pid?: number | undefined;
  /**
   * The CPU to count on. Default with a `pid`: every CPU. Default without a `pid`: CPU 0, because such an event counts
   * on one CPU only.
   */
  readonly cpu?: number | undefined;
  /**
   * Run the program once for this many events. Default: 1. For the clocks, which count nanoseconds, the default is a
   * million.
   */
  readonly period?: bigint | number | undefined;
  /** Run the program this many times a second. It cannot be combined with `period`. */
  readonly frequency?: number | undefined;
  /** What bpf_get_attach_cookie() returns in the program (5.15). */
  readonly cookie?: Cookie | undefined;
}

const OPTIONS: OptionTable<PerfEventPlace> = {
  event: required("object"),
  pid: "natural",
  cpu: "natural",
  period: "u64",
  frequency: "natural",
  cookie: "u64",
};

/**
 * Attaches a program of type perf_event to a counter of the kernel or the processor (perf_event_open(2)). The event
 * counts on one CPU or in one thread. On Linux 5.15 and newer the attachment is a link. On older kernels (4.9) it is
 * made by ioctl and ends with the process.
 */
export function attachPerfEvent(program: Program, place: PerfEventPlace): Link {
  checkArguments("attachPerfEvent", program, place, OPTIONS);
  const { event, cookie } = place;
  checkEvent(event);
  const hook: Hook = {
    name: `the perf event ${describe(event)}`,
    programTypes: [BpfProgType.BPF_PROG_TYPE_PERF_EVENT],
    explain: ({ errno }) => reasonOf(errno),
  };
  const fd = "fd" in event ? duplicateFd(event.fd) : open(program, hook, event, place);
  return linkPerfEvent(program, hook, fd, { cookie });
}

const EVENT: OptionTable<{ fd?: number; software?: string; hardware?: string; type?: number; config?: Cookie }> = {
  fd: "natural",
  software: "text",
  hardware: "text",
  type: "natural",
  config: "u64",
};

/** Throws UsageError unless the event is given in one of the four ways. */
function checkEvent(event: PerfEventPlace["event"]): void {
  checkOptions("attachPerfEvent", event as unknown, EVENT);
  const given = Object.keys(event).sort().join(" and ");
  if (!["fd", "software", "hardware", "config and type"].includes(given)) {
    throw new UsageError(
      `attachPerfEvent: the event must have either fd, software, hardware, or type and config, not ${given || "nothing"}`,
    );
  }
}

function reasonOf(errno: number): string | undefined {
  switch (errno) {
    case Errno.EEXIST:
      return "the event already has a program";
    case Errno.EPROTO:
      return "the program reads stacks, so the event must sample them (PERF_SAMPLE_CALLCHAIN)";
    default:
      return undefined;
  }
}

function open(program: Program, hook: Hook, event: PerfEventSource, place: PerfEventPlace): number {
  const { pid, cpu, period, frequency } = place;
  if (period !== undefined && frequency !== undefined) {
    throw new UsageError(`${hook.name}: give the option 'period' or the option 'frequency', not both`);
  }
  const options: PerfEventOptions = {
    ...attribute(event),
    sample_period: frequency ?? period ?? (isClock(event) ? 1_000_000 : 1),
    bits: frequency === undefined ? [] : ["freq"],
    pid: pid ?? -1,
    cpu: cpu ?? (pid === undefined ? 0 : -1),
  };
  const explain: Hook["explain"] = (refusal) => whyNotOpened(refusal, hook, place);
  return explained(program, { ...hook, explain }, () => perfEventOpen(options));
}

function whyNotOpened(refusal: SyscallError, { name }: Hook, { pid, cpu }: PerfEventPlace): string | Error | undefined {
  switch (refusal.errno) {
    case Errno.ESRCH:
      return `there is no thread ${pid}`;
    case Errno.ENODEV:
      return `there is no CPU ${cpu}, or it is offline`;
    case Errno.ENOENT:
    case Errno.EOPNOTSUPP: {
      const where = pid === undefined ? `CPU ${cpu ?? 0}` : `the thread ${pid}`;
      const detail = `no PMU of this machine has this event on ${where}`;
      return new NotSupportedError({ feature: name, detail }, { cause: refusal });
    }
    default:
      return undefined;
  }
}

function isClock(event: PerfEventSource): boolean {
  return "software" in event && event.software.endsWith("_clock");
}

function attribute(event: PerfEventSource): { type: number; config: bigint | number } {
  if ("software" in event) {
    return { type: PerfType.PERF_TYPE_SOFTWARE, config: numberOf(PerfSoftware, "PERF_COUNT_SW_", event.software) };
  }
  if ("hardware" in event) {
    return { type: PerfType.PERF_TYPE_HARDWARE, config: numberOf(PerfHardware, "PERF_COUNT_HW_", event.hardware) };
  }
  return event;
}

function numberOf(table: Readonly<Record<string, number>>, prefix: string, name: string): number {
  const names = Object.entries(table).map(([key, value]) => [key.slice(prefix.length).toLowerCase(), value] as const);
  return lookUp(Object.fromEntries(names), name, "perf event");
}

function describe(event: PerfEventPlace["event"]): string {
  if ("fd" in event) return `of fd ${event.fd}`;
  if ("software" in event) return event.software;
  return "hardware" in event ? event.hardware : `${event.type}:${event.config}`;
}
