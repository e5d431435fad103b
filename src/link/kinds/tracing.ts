import { Errno, NotSupportedError, UsageError } from "../../errors/index.ts";
import type { OptionTable } from "../../kernel/index.ts";
import type { Program } from "../../program/index.ts";
import { linkCreate, rawTracepointOpen } from "../../sys/index.ts";
import { BpfAttachType, BpfProgType } from "../../uapi/index.ts";
import { type AttachTypeName, checkArguments, resolveAttachType } from "../attach-arguments.ts";
import { attach, type Hook, requireLoadedFor, requireType, sectionOf } from "../hook.ts";
import type { KernelLink } from "../link.ts";
import type { Cookie } from "../perf-link.ts";

/** Options for attaching a program whose target was fixed when it was loaded. */
export interface TracingOptions {
  /** What bpf_get_attach_cookie() returns in the program (fentry, fexit, fmod_ret and LSM 5.19; tp_btf 6.10). */
  readonly cookie?: Cookie | undefined;
  /**
   * The attach type for which the program was loaded. It is needed only with a cookie, and only if another process
   * loaded the program.
   */
  readonly attachType?: AttachTypeName | undefined;
}

export const TRACING_OPTIONS: OptionTable<TracingOptions> = { cookie: "u64", attachType: "any" };

/**
 * Attaches a program whose target was fixed when it was loaded: `fentry`, `fexit`, `fmod_ret`, `fsession`, `tp_btf`
 * (5.5 and newer). Throws SyscallError with EBUSY if the target takes no more programs.
 */
export function attachTracing(program: Program, options: TracingOptions = {}): KernelLink {
  checkArguments("attachTracing", program, options, TRACING_OPTIONS);
  const hook: Hook = {
    name: sectionOf(program, "the function that it was loaded for"),
    programTypes: [BpfProgType.BPF_PROG_TYPE_TRACING],
  };
  requireType(program, hook);
  if (program.origin.attachType === BpfAttachType.BPF_TRACE_ITER) {
    throw new UsageError(`${program.what} is an iterator; attach it with attachIterator()`);
  }
  return attachByBtf(program, hook, options);
}

/** Attaches a program to the BTF type for which it was loaded. */
export function attachByBtf(program: Program, hook: Hook, options: TracingOptions): KernelLink {
  const { cookie } = options;
  if (options.attachType !== undefined) {
    requireLoadedFor(program, { ...hook, loadedFor: [resolveAttachType(options.attachType, program)] });
  }
  const explain: Hook["explain"] = ({ errno }) => reasonOfTrampoline(errno);
  // RAW_TRACEPOINT_OPEN attaches these programs on every kernel, but it takes a cookie only for tp_btf. For the other
  // programs, LINK_CREATE takes a cookie (5.19). Before 6.10, LINK_CREATE ignores a cookie for tp_btf, and
  // RAW_TRACEPOINT_OPEN refuses it.
  if (cookie === undefined || BigInt(cookie) === 0n) {
    return attach(program, { ...hook, explain }, () => rawTracepointOpen(program.fd));
  }
  const attachType = resolveAttachType(options.attachType, program);
  const isRawTracepoint = attachType === BpfAttachType.BPF_TRACE_RAW_TP;
  const withCookie: Hook = {
    ...hook,
    name: `${hook.name} with a cookie`,
    loadedFor: [attachType],
    feature: isRawTracepoint ? "cookie:raw_tracepoint" : "cookie:tracing",
    explain,
  };
  return attach(program, withCookie, () =>
    isRawTracepoint
      ? rawTracepointOpen(program.fd, { cookie })
      : linkCreate(program.fd, 0, attachType, { tracing: { cookie } }),
  );
}

/** Returns what an errno means when a program is attached to a trampoline. */
export function reasonOfTrampoline(errno: number): Error | string | undefined {
  switch (errno) {
    case Errno.ENOENT:
      return "the program was attached before, and kernels before 5.13 can attach such a program only once; load it again";
    case Errno.EBUSY:
      return "the program is already attached, its target has too many programs, or its target has a program that excludes others";
    case Errno.E2BIG:
      return "the program's target already has as many programs as the kernel allows";
    case Errno.ENOTSUPP:
      return new NotSupportedError({
        feature: "BPF trampolines",
        detail: "this architecture has none, or the kernel cannot make one for this function",
      });
    default:
      return undefined;
  }
}
