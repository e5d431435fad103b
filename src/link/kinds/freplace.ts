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

/** The function that a program replaces. Default: the function that the program was loaded for. */
export interface FreplacePlace {
  /**
   * The program that contains the function. This may be a different program from the one for which the replacement was
   * loaded.
   */
  readonly target: Program;
  /**
   * The BTF name of a global function in `target`. Its arguments and result must be those of the function for which the
   * replacement was loaded.
   */
  readonly function: string;
  /** What bpf_get_attach_cookie() returns in the program (5.19). */
  readonly cookie?: Cookie | undefined;
}

const OPTIONS: OptionTable<FreplacePlace> = { target: required("object"), function: required("text"), cookie: "u64" };

/**
 * Replaces a global function of another program with this program (`freplace/…`) as long as the link exists. Needs
 * Linux 5.6, or 5.10 if `target` is not the program for which this program was loaded. Throws UsageError if the target
 * has no such function.
 */
export function attachFreplace(program: Program, place?: FreplacePlace): KernelLink {
  if (place === undefined) checkArguments("attachFreplace", program, {}, {});
  else checkArguments("attachFreplace", program, place, OPTIONS);
  const programTypes = [BpfProgType.BPF_PROG_TYPE_EXT];
  if (place === undefined) {
    return attachByBtf(program, { name: sectionOf(program, "the function that it was loaded for"), programTypes }, {});
  }
  const { target, cookie } = place;
  if (!(target instanceof Program)) throw new UsageError("attachFreplace: the option 'target' must be a Program");
  const hook: Hook = {
    name: `function ${place.function} of ${target.what}`,
    programTypes,
    feature: cookie === undefined ? undefined : "cookie:tracing",
    explain: ({ errno }) =>
      errno === Errno.EINVAL
        ? "the arguments or the result of the function differ from those of the function that the program was loaded for"
        : reasonOfTrampoline(errno),
  };
  requireType(program, hook);
  const target_btf_id = functionTypeId(target, place.function);
  const options = { target_btf_id, ...(cookie === undefined ? {} : { tracing: { cookie } }) };
  return attach(program, hook, () => linkCreate(program.fd, target.fd, BpfAttachType.BPF_CGROUP_INET_INGRESS, options));
}
