import { Errno, SyscallError, UsageError } from "../../errors/index.ts";
import { rawTracepointOpen } from "../../sys/index.ts";
import { BpfProgType } from "../../uapi/index.ts";
import type { Program } from "../program/program.ts";
import { type Link, newLink } from "./link.ts";

/** Where and how a program is attached to a raw tracepoint. */
export interface RawTracepointPlace {
  /** The tracepoint's name without its category, such as `sched_switch`; what the section says where left out. */
  readonly tracepoint?: string | undefined;
  /** What bpf_get_attach_cookie() gives the program (6.10). */
  readonly cookie?: bigint | number | undefined;
}

/** Attaches a raw tracepoint program (`raw_tp/…`) by a link (5.8), on all CPUs. Needs no tracefs. */
export function attachRawTracepoint(program: Program, place: RawTracepointPlace = {}): Link {
  const name = place.tracepoint ?? program.origin.attachTo ?? "";
  if (name === "") throw new UsageError(`${program.what}: say its tracepoint, such as sched_switch`);
  try {
    return newLink(() => rawTracepointOpen(program.fd, { name, cookie: place.cookie }));
  } catch (error) {
    if (error instanceof SyscallError && error.errno === Errno.ENOENT) {
      throw new UsageError(`this kernel has no raw tracepoint ${name}`, { cause: error });
    }
    throw error;
  }
}

/**
 * Attaches a program whose target was fixed when it was loaded: `fentry`, `fexit`, `fmod_ret`, `tp_btf`, `lsm`
 * (5.5 and newer). Throws SyscallError with EBUSY if the target takes no more.
 */
export function attachTracing(program: Program, options: { cookie?: bigint | number } = {}): Link {
  const fits = program.type === BpfProgType.BPF_PROG_TYPE_TRACING || program.type === BpfProgType.BPF_PROG_TYPE_LSM;
  if (!fits) throw new UsageError(`${program.what} is of type ${program.typeName}, not tracing or lsm`);
  return newLink(() => rawTracepointOpen(program.fd, { cookie: options.cookie }));
}
