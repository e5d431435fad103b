import { UsageError } from "../../errors/index.ts";
import type { Program } from "../../program/index.ts";
import { BpfAttachType, BpfProgType } from "../../uapi/index.ts";
import { checkArguments } from "../attach-arguments.ts";
import { type Hook, requireType, sectionOf } from "../hook.ts";
import type { KernelLink } from "../link.ts";
import { attachByBtf, TRACING_OPTIONS, type TracingOptions } from "./tracing.ts";

/**
 * Attaches a program to the LSM hook for which it was loaded (`lsm/file_open`, 5.7). The kernel runs LSM programs only
 * if `bpf` is one of its active security modules (`/sys/kernel/security/lsm`; set it with `lsm=…,bpf` at boot). If it
 * is not, kernels before 6.12 attach the program but never run it. To attach `lsm_cgroup/…` programs, call
 * attachCgroup().
 */
export function attachLsm(program: Program, options: TracingOptions = {}): KernelLink {
  checkArguments("attachLsm", program, options, TRACING_OPTIONS);
  const hook: Hook = {
    name: sectionOf(program, "an LSM hook"),
    programTypes: [BpfProgType.BPF_PROG_TYPE_LSM],
  };
  requireType(program, hook);
  if (program.origin.attachType === BpfAttachType.BPF_LSM_CGROUP) {
    throw new UsageError(`${program.what} is an LSM program for a cgroup; attach it with attachCgroup()`);
  }
  return attachByBtf(program, hook, { attachType: BpfAttachType.BPF_LSM_MAC, ...options });
}
