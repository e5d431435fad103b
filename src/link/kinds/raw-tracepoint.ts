import { Errno, UsageError } from "../../errors/index.ts";
import type { OptionTable } from "../../kernel/index.ts";
import type { Program } from "../../program/index.ts";
import { rawTracepointOpen } from "../../sys/index.ts";
import { BpfProgType } from "../../uapi/index.ts";
import { checkArguments } from "../attach-arguments.ts";
import { attach, type Hook, requireType } from "../hook.ts";
import type { KernelLink } from "../link.ts";
import type { Cookie } from "../perf-link.ts";
import { noTracepoint } from "./tracepoint.ts";

/** Where and how to attach a program to a raw tracepoint. */
export interface RawTracepointPlace {
  /**
   * The tracepoint's name without its category, such as `sched_switch`. Default: the tracepoint in the program's
   * section.
   */
  readonly tracepoint?: string | undefined;
  /** What bpf_get_attach_cookie() returns in the program (6.10). */
  readonly cookie?: Cookie | undefined;
}

const OPTIONS: OptionTable<RawTracepointPlace> = { tracepoint: "text", cookie: "u64" };

/**
 * Attaches a raw tracepoint program (`raw_tp/…`, `raw_tp.w/…`) on all CPUs (4.17; on 5.8 and newer by a link). Throws
 * UsageError for a tracepoint that does not exist, and suggests similar names.
 */
export function attachRawTracepoint(program: Program, place: RawTracepointPlace = {}): KernelLink {
  checkArguments("attachRawTracepoint", program, place, OPTIONS);
  const name = place.tracepoint ?? program.origin.attachTo ?? "";
  const { cookie } = place;
  const hook: Hook = {
    name: `raw tracepoint ${name}${cookie === undefined ? "" : " with a cookie"}`,
    programTypes: [BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT, BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE],
    feature: cookie === undefined ? undefined : "cookie:raw_tracepoint",
    explain: ({ errno }) => (errno === Errno.ENOENT ? noTracepoint(name, name) : undefined),
  };
  requireType(program, hook);
  if (name === "") {
    throw new UsageError(`${program.what}: give its tracepoint, for example { tracepoint: "sched_switch" }`);
  }
  return attach(program, hook, () => rawTracepointOpen(program.fd, { name, cookie }));
}
