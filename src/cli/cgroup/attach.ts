import { type OwnedFd, progAttach, progDetach } from "../../sys/index.ts";
import { attachTypeName, BpfAttachFlag } from "../../uapi/index.ts";
import { done } from "../answer.ts";
import type { Run } from "../command.ts";
import { CommandError } from "../command-error.ts";
import { takeProgram } from "../handle/program.ts";
import { failedTo } from "../reason.ts";
import type { Words } from "../words.ts";
import { parseAttachType } from "./attach-types.ts";
import { withCgroup } from "./query.ts";

/** `bpfts cgroup attach CGROUP ATTACH_TYPE PROG [ATTACH_FLAGS]`. */
export const attachToCgroup: Run = (words) => {
  const { cgroup, type, program } = takePlace(words, "attach");
  using owned = program;
  let attach_flags = 0;
  while (words.left > 0) {
    if (words.takeKeyword("multi")) attach_flags |= BpfAttachFlag.BPF_F_ALLOW_MULTI;
    else if (words.takeKeyword("override")) attach_flags |= BpfAttachFlag.BPF_F_ALLOW_OVERRIDE;
    else throw new CommandError(`unknown option: '${words.peek}'; expected 'multi' or 'override'`);
  }
  withCgroup(cgroup, (fd) => {
    try {
      progAttach(owned.number, fd, type, { attach_flags });
    } catch (error) {
      throw failedTo(`failed to attach program to ${cgroup} as ${attachTypeName(type)}`, error);
    }
  });
  return done;
};

/** `bpfts cgroup detach CGROUP ATTACH_TYPE PROG`. */
export const detachFromCgroup: Run = (words) => {
  const { cgroup, type, program } = takePlace(words, "detach");
  using owned = program;
  words.end();
  withCgroup(cgroup, (fd) => {
    try {
      progDetach(owned.number, fd, type);
    } catch (error) {
      throw failedTo(`failed to detach program from ${cgroup} as ${attachTypeName(type)}`, error);
    }
  });
  return done;
};

function takePlace(words: Words, command: string): { cgroup: string; type: number; program: OwnedFd } {
  // CGROUP ATTACH_TYPE, and the two words of PROG.
  if (words.left < 4) throw new CommandError(`too few parameters for cgroup ${command}; see 'bpfts cgroup help'`);
  const cgroup = words.take("a cgroup");
  // A wrong path is told before a wrong type.
  withCgroup(cgroup, () => undefined);
  const type = parseAttachType(words.take("an attach type"));
  return { cgroup, type, program: takeProgram(words) };
}
