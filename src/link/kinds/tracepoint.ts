import { UsageError } from "../../errors/index.ts";
import type { OptionTable } from "../../kernel/index.ts";
import { targetMissing } from "../../kernel/index.ts";
import { nearNames } from "../../layout/index.ts";
import type { Program } from "../../program/index.ts";
import { perfEventOpen, tracepointId, tracepointNames } from "../../sys/index.ts";
import { BpfProgType, PerfType } from "../../uapi/index.ts";
import { checkArguments } from "../attach-arguments.ts";
import { type Hook, requireType } from "../hook.ts";
import type { Link } from "../link.ts";
import { type Cookie, linkPerfEvent } from "../perf-link.ts";

/** Where and how to attach a program to a tracepoint. */
export interface TracepointPlace {
  /** `category/name`, such as `sched/sched_switch`. Default: the tracepoint in the program's section. */
  readonly tracepoint?: string | undefined;
  /** What bpf_get_attach_cookie() returns in the program (5.15). */
  readonly cookie?: Cookie | undefined;
}

const OPTIONS: OptionTable<TracepointPlace> = { tracepoint: "text", cookie: "u64" };

/**
 * Attaches a program to a tracepoint on all CPUs, by a perf event. On Linux 5.15 and newer the attachment is a link. On
 * older kernels it is made by ioctl and ends with the process. Reads the tracepoint's id from tracefs. tracefs need not
 * be mounted.
 */
export function attachTracepoint(program: Program, place: TracepointPlace = {}): Link {
  checkArguments("attachTracepoint", program, place, OPTIONS);
  const name = place.tracepoint ?? program.origin.attachTo ?? "";
  const hook: Hook = { name: `tracepoint ${name}`, programTypes: [BpfProgType.BPF_PROG_TYPE_TRACEPOINT] };
  requireType(program, hook);
  const [category, tracepoint, ...rest] = name.split("/");
  if (category === undefined || tracepoint === undefined || rest.length > 0) {
    throw new UsageError(
      `${program.what}: give its tracepoint as category/name, for example "sched/sched_switch", not "${name}"`,
    );
  }
  const id = tracepointId(category, tracepoint);
  if (id === undefined) throw noTracepoint(name, tracepoint);
  const event = perfEventOpen({ type: PerfType.PERF_TYPE_TRACEPOINT, config: id, pid: -1, cpu: 0 });
  return linkPerfEvent(program, hook, event, { cookie: place.cookie });
}

/** Returns the error for a tracepoint that does not exist. The error suggests similar names. */
export function noTracepoint(what: string, name: string): UsageError {
  const byName = new Map(tracepointNames().map((one) => [one.slice(one.indexOf("/") + 1), one]));
  const near = nearNames(name, byName.keys()).flatMap((one) => byName.get(one) ?? []);
  return targetMissing(`this kernel has no tracepoint ${what}`, near);
}
