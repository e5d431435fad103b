import { Btf } from "../../btf/index.ts";
import type { CgroupProgram } from "../../link/index.ts";
import { btfGetFdById, btfInfo, closeFd } from "../../sys/index.ts";
import type { AttachName } from "./render.ts";

/**
 * Returns the names of the kernel functions that lsm_cgroup programs are attached to, from the kernel's BTF. This BTF
 * has 5 MB, so this file is loaded only if a program has a target.
 */
export function targetNames(programs: Iterable<CgroupProgram>): AttachName {
  const targets = new Map<number, Btf | undefined>();
  for (const { attachBtfId, attachBtfObjId } of programs) {
    if (attachBtfId !== 0 && !targets.has(attachBtfObjId)) {
      targets.set(attachBtfObjId, readVmlinux(attachBtfObjId));
    }
  }
  return ({ attachBtfId, attachBtfObjId }) => {
    const btf = targets.get(attachBtfObjId);
    return btf !== undefined && attachBtfId < btf.endId ? btf.name(attachBtfId) : undefined;
  };
}

/** Reads the kernel's BTF. Returns undefined if `id` is the id of another BTF. */
function readVmlinux(id: number): Btf | undefined {
  let fd: number;
  try {
    fd = btfGetFdById(id);
  } catch {
    return undefined;
  }
  try {
    const { kernel_btf, name } = btfInfo(fd);
    if (!kernel_btf || name !== "vmlinux") return undefined;
    const { btf } = btfInfo(fd, { data: true });
    return btf && Btf.parse(btf, { source: "vmlinux" });
  } finally {
    closeFd(fd);
  }
}
