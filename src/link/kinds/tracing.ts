import { Errno, NotSupportedError, UsageError } from "../../errors/index.ts";
import type { Program } from "../../program/index.ts";
import { linkCreate, rawTracepointOpen } from "../../sys/index.ts";
import { BpfAttachType, BpfProgType } from "../../uapi/index.ts";
import { type AttachTypeName, resolveAttachType } from "../attach-type.ts";
import { type Link, newLink } from "../link.ts";
import type { Cookie } from "../perf-link.ts";
import { explained, type Refusal, requireType, sectionOf } from "../refusal.ts";

/** How a program is attached whose target was fixed when it was loaded. */
export interface TracingOptions {
  /** What bpf_get_attach_cookie() gives the program (fentry, fexit, fmod_ret and LSM 5.19; tp_btf 6.10). */
  readonly cookie?: Cookie | undefined;
  /** With a cookie: what the program was loaded for, where it was not loaded here and so is not known. */
  readonly attachType?: AttachTypeName | undefined;
}

/**
 * Attaches a program whose target was fixed when it was loaded: `fentry`, `fexit`, `fmod_ret`, `fsession`, `tp_btf`
 * (5.5 and newer). Throws SyscallError with EBUSY if the target takes no more.
 */
export function attachTracing(program: Program, options: TracingOptions = {}): Link {
  requireType(program, "fentry, fexit, fmod_ret or tp_btf", BpfProgType.BPF_PROG_TYPE_TRACING);
  if (program.origin.attachType === BpfAttachType.BPF_TRACE_ITER) {
    throw new UsageError(`${program.what} is an iterator: attachIterator() attaches it`);
  }
  return attachByBtf(program, options, sectionOf(program, "what it was loaded for"));
}

/** Attaches a program to the BTF type that it was loaded with. */
export function attachByBtf(program: Program, options: TracingOptions, hook: string): Link {
  const { cookie } = options;
  const refusal: Refusal = {
    hook,
    attachType: program.origin.attachType,
    reasons: ({ errno }) => tracingReason(errno),
  };
  // RAW_TRACEPOINT_OPEN does it on every kernel, but takes a cookie only for tp_btf; LINK_CREATE (5.19) for the others,
  // and of tp_btf ignores it before 6.10 where RAW_TRACEPOINT_OPEN refuses.
  if (cookie === undefined || BigInt(cookie) === 0n) {
    return newLink(() => explained(program, refusal, () => rawTracepointOpen(program.fd)));
  }
  const attachType = resolveAttachType(options.attachType, program);
  const isRawTracepoint = attachType === BpfAttachType.BPF_TRACE_RAW_TP;
  const since = isRawTracepoint ? ([6, 10] as const) : ([5, 19] as const);
  return newLink(() =>
    explained(program, { ...refusal, hook: `${hook} with a cookie`, attachType, since }, () =>
      isRawTracepoint
        ? rawTracepointOpen(program.fd, { cookie })
        : linkCreate(program.fd, 0, attachType, { tracing: { cookie } }),
    ),
  );
}

/** What an errno of a trampoline means. */
export function tracingReason(errno: number): Error | string | undefined {
  switch (errno) {
    case Errno.ENOENT:
      return "it was attached before, and kernels before 5.13 attach such a program once: load it again";
    case Errno.EBUSY:
      return "it is attached already, or its target takes no more programs, or none of this kind beside those it has";
    case Errno.E2BIG:
      return "its target takes no more programs";
    case Errno.ENOTSUPP:
      return new NotSupportedError({
        feature: "trampolines",
        detail: "not on this architecture, or not for this function",
      });
    default:
      return undefined;
  }
}
