import { Errno, UsageError } from "../../errors/index.ts";
import type { Program } from "../../program/index.ts";
import { functionTypeId } from "../../program/index.ts";
import { linkCreate } from "../../sys/index.ts";
import { BpfAttachType, BpfProgType } from "../../uapi/index.ts";
import { type Link, newLink } from "../link.ts";
import type { Cookie } from "../perf-link.ts";
import { explained, requireType, sectionOf } from "../refusal.ts";
import { attachByBtf, tracingReason } from "./tracing.ts";

/** Which function a program takes the place of; what it was loaded for where nothing is given. */
export interface FreplacePlace {
  /** A program that has the function. It may be another than the one that this was loaded for, if it is alike. */
  readonly target: Program;
  /** A global function of it, by its name in BTF. */
  readonly function: string;
  /** What bpf_get_attach_cookie() gives the program (5.19). */
  readonly cookie?: Cookie | undefined;
}

/**
 * Puts a program (`freplace/…`) in the place of a global function of another program, as long as the link lives (5.6; to
 * a target other than that of the load 5.10). Throws UsageError if the target has no such function.
 */
export function attachFreplace(program: Program, place?: FreplacePlace): Link {
  requireType(program, "freplace", BpfProgType.BPF_PROG_TYPE_EXT);
  if (place === undefined) return attachByBtf(program, {}, sectionOf(program, "freplace"));
  const { target, cookie } = place;
  const target_btf_id = functionTypeId(target, place.function);
  if (target_btf_id === undefined) {
    throw new UsageError(`${target.what} has no function ${place.function} that its BTF describes`);
  }
  const refusal = {
    hook: `function ${place.function} of ${target.what}`,
    since: [5, 10],
    reasons: ({ errno }) =>
      errno === Errno.EINVAL
        ? "the function differs in its arguments or result from the one that the program was loaded for"
        : tracingReason(errno),
  } as const satisfies Parameters<typeof explained>[1];
  const options = { target_btf_id, ...(cookie === undefined ? {} : { tracing: { cookie } }) };
  return newLink(() =>
    explained(program, refusal, () =>
      linkCreate(program.fd, target.fd, BpfAttachType.BPF_CGROUP_INET_INGRESS, options),
    ),
  );
}
