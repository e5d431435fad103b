import { existsSync } from "node:fs";
import type { CgroupProgram } from "../../link/index.ts";
import type { AttachName } from "./render.ts";

const KERNEL_BTF = "/sys/kernel/btf/vmlinux";

/**
 * Returns the names of the kernel functions that lsm_cgroup programs are attached to. Other programs have the empty name,
 * as in bpftool, which looks up type 0 if the kernel has BTF.
 */
export async function attachNames(
  cgroups: readonly { readonly programs: readonly CgroupProgram[] }[],
): Promise<AttachName> {
  const placed = cgroups.flatMap(({ programs }) => programs.filter(({ attachBtfId }) => attachBtfId !== 0));
  const none = existsSync(KERNEL_BTF) ? "" : undefined;
  const names = placed.length === 0 ? undefined : (await import("./target-names.ts")).targetNames(placed);
  return (program) => (program.attachBtfId === 0 && program.attachBtfObjId === 0 ? none : names?.(program));
}
