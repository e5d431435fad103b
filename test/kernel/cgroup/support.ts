import { SyscallError } from "../../../src/errors/index.ts";
import { closeFd, kernelAtLeast, progLoad, progQuery } from "../../../src/sys/index.ts";
import { BpfAttachType, BpfProgType } from "../../../src/uapi/index.ts";
import type { TestCgroup } from "../../support/cgroup.ts";
import { returning } from "../../support/programs.ts";
import { lsmHook } from "./programs.ts";

const a = BpfAttachType;
const UNIX: readonly number[] = [
  a.BPF_CGROUP_UNIX_CONNECT,
  a.BPF_CGROUP_UNIX_SENDMSG,
  a.BPF_CGROUP_UNIX_RECVMSG,
  a.BPF_CGROUP_UNIX_GETPEERNAME,
  a.BPF_CGROUP_UNIX_GETSOCKNAME,
];

/** Why this kernel cannot have a hook of cgroups; undefined where it must. */
export function lacksHook(attachType: BpfAttachType): string | undefined {
  if (UNIX.includes(attachType) && !kernelAtLeast(6, 7)) return "hooks of unix sockets came with 6.7";
  if (attachType !== a.BPF_LSM_CGROUP) return undefined;
  return kernelAtLeast(6, 0) ? refusesTrampolines() : "lsm_cgroup came with 6.0";
}

/** Some builds of the kernel refuse every program on a trampoline, with EPERM in spite of all rights. */
function refusesTrampolines(): string | undefined {
  try {
    closeFd(
      progLoad({
        prog_type: BpfProgType.BPF_PROG_TYPE_LSM,
        insns: returning(1),
        license: "GPL",
        expected_attach_type: a.BPF_LSM_CGROUP,
        attach_btf_id: lsmHook("socket_post_create"),
      }),
    );
    return undefined;
  } catch (error) {
    if (error instanceof SyscallError && error.hint?.includes("trampoline") === true) return error.hint;
    throw error;
  }
}

/** Whether the kernel orders the programs of a cgroup: then it counts the changes of a hook, from 1 (6.17, and some 6.12). */
export function ordersCgroups({ fd }: TestCgroup): boolean {
  const { revision } = progQuery(fd, a.BPF_CGROUP_INET_INGRESS);
  if (revision === 0n && kernelAtLeast(6, 17))
    throw new Error("this kernel should count the changes of a cgroup's hooks");
  return revision !== 0n;
}
