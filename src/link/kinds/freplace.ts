import { Errno, UsageError } from "../../errors/index.ts";
import { type OptionTable, required } from "../../kernel/index.ts";
import { functionTypeId, Program } from "../../program/index.ts";
import { linkCreate } from "../../sys/index.ts";
import { BpfAttachType, BpfProgType } from "../../uapi/index.ts";
import { checkArguments } from "../attach-arguments.ts";
import { attach, type Hook, requireType, sectionOf } from "../hook.ts";
import type { KernelLink } from "../link.ts";
import type { Cookie } from "../perf-link.ts";
import { attachByBtf, reasonOfTrampoline } from "./tracing.ts";

/** Which function a program replaces; the one that it was loaded for where nothing is given. */
export interface FreplacePlace {
  /** A program that has the function. It may be another than the one that this was loaded for, if it is alike. */
  readonly target: Program;
  /** A global function of it, by its name in BTF. */
  readonly function: string;
  /** What bpf_get_attach_cookie() returns in the program (5.19). */
  readonly cookie?: Cookie | undefined;
}

const OPTIONS: OptionTable<FreplacePlace> = { target: required("object"), function: required("text"), cookie: "u64" };

/**
 * Replaces a global function of another program by a program (`freplace/…`) as long as the link lives (5.6; for another
 * target than that of the load 5.10). Throws UsageError if the target has no such function.
 */
export function attachFreplace(program: Program, place?: FreplacePlace): KernelLink {
  if (place === undefined) checkArguments("attachFreplace", program, {}, {});
  else checkArguments("attachFreplace", program, place, OPTIONS);
  const programTypes = [BpfProgType.BPF_PROG_TYPE_EXT];
  if (place === undefined) {
    return attachByBtf(program, { name: sectionOf(program, "the function that it was loaded for"), programTypes }, {});
  }
  const { target, cookie } = place;
  if (!(target instanceof Program)) throw new UsageError("attachFreplace: the option target must be a Program");
  const hook: Hook = {
    name: `function ${place.function} of ${target.what}`,
    programTypes,
    feature: cookie === undefined ? undefined : "cookie:tracing",
    explain: ({ errno }) =>
      errno === Errno.EINVAL
        ? "the function differs in its arguments or result from the one that the program was loaded for"
        : reasonOfTrampoline(errno),
  };
  requireType(program, hook);
  const target_btf_id = functionTypeId(target, place.function);
  const options = { target_btf_id, ...(cookie === undefined ? {} : { tracing: { cookie } }) };
  return attach(program, hook, () => linkCreate(program.fd, target.fd, BpfAttachType.BPF_CGROUP_INET_INGRESS, options));
}
