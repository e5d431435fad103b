import { Errno, NotSupportedError, SyscallError, UsageError } from "../../errors/index.ts";
import { kernelAtLeast, linkCreate, perfEventEnable, perfEventOpen, tracepointId } from "../../sys/index.ts";
import { BpfAttachType, PerfType } from "../../uapi/index.ts";
import type { Program } from "../program/program.ts";
import { type Link, newLink } from "./link.ts";

/** Where and how a program is attached to a tracepoint. */
export interface TracepointPlace {
  /** `category/name`, such as `sched/sched_switch`; what the program's section says where left out. */
  readonly tracepoint?: string | undefined;
  /** What bpf_get_attach_cookie() gives the program (5.15). */
  readonly cookie?: bigint | number | undefined;
}

/**
 * Attaches a program to a tracepoint, on all CPUs, by a perf event and a link (5.15). The id of the tracepoint is
 * read from tracefs, which need not be mounted.
 */
export function attachTracepoint(program: Program, place: TracepointPlace = {}): Link {
  const name = place.tracepoint ?? program.origin.attachTo ?? "";
  const [category, tracepoint, ...rest] = name.split("/");
  if (category === undefined || tracepoint === undefined || rest.length > 0) {
    throw new UsageError(`${program.what}: say its tracepoint as category/name, not "${name}"`);
  }
  const event = perfEventOpen({
    type: PerfType.PERF_TYPE_TRACEPOINT,
    config: tracepointId(category, tracepoint),
    pid: -1,
    cpu: 0,
  });
  const link = newLink(() => createLink(program, event, place.cookie), [event]);
  try {
    perfEventEnable(event);
  } catch (error) {
    link.close();
    throw error;
  }
  return link;
}

function createLink(program: Program, event: number, cookie: bigint | number | undefined): number {
  try {
    const options = cookie === undefined ? {} : { perf_event: { bpf_cookie: cookie } };
    return linkCreate(program.fd, event, BpfAttachType.BPF_PERF_EVENT, options);
  } catch (error) {
    if (!(error instanceof SyscallError) || error.errno !== Errno.EINVAL || kernelAtLeast(5, 15)) throw error;
    throw new NotSupportedError({ feature: "links to tracepoints", minVersion: "5.15" }, { cause: error });
  }
}
