import { Errno, UsageError } from "../../errors/index.ts";
import type { Program } from "../../program/index.ts";
import { rawTracepointOpen } from "../../sys/index.ts";
import { BpfProgType } from "../../uapi/index.ts";
import { type Link, newLink } from "../link.ts";
import type { Cookie } from "../perf-link.ts";
import { explained, type Refusal, requireType } from "../refusal.ts";
import { noTracepoint } from "./tracepoint.ts";

/** Where and how a program is attached to a raw tracepoint. */
export interface RawTracepointPlace {
  /** The tracepoint's name without its category, such as `sched_switch`; what the section says where left out. */
  readonly tracepoint?: string | undefined;
  /** What bpf_get_attach_cookie() gives the program (6.10). */
  readonly cookie?: Cookie | undefined;
}

/**
 * Attaches a raw tracepoint program (`raw_tp/…`, `raw_tp.w/…`), on all CPUs (4.17; by a link 5.8). Throws UsageError
 * for a tracepoint that is not there, with names that are like it.
 */
export function attachRawTracepoint(program: Program, place: RawTracepointPlace = {}): Link {
  const { BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE } = BpfProgType;
  requireType(program, "a raw tracepoint", BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE);
  const name = place.tracepoint ?? program.origin.attachTo ?? "";
  if (name === "") throw new UsageError(`${program.what}: say its tracepoint, such as sched_switch`);
  const { cookie } = place;
  const refusal: Refusal = {
    hook: `raw tracepoint ${name}${cookie === undefined ? "" : " with a cookie"}`,
    since: cookie === undefined ? undefined : [6, 10],
    reasons: ({ errno }) => (errno === Errno.ENOENT ? noTracepoint(name, name) : undefined),
  };
  return newLink(() => explained(program, refusal, () => rawTracepointOpen(program.fd, { name, cookie })));
}
