import { Btf } from "../../btf/index.ts";
import type { CgroupProgram } from "../../link/index.ts";
import { btfGetFdById, btfInfo, closeFd } from "../../sys/index.ts";
import type { AttachName } from "./render.ts";

/**
 * The names of the kernel functions that lsm_cgroup programs are attached to, from the kernel's BTF. It is 5 MB long, so
 * this file is loaded only where a program has a target.
 */
export function targetNames(programs: Iterable<CgroupProgram>): AttachName {
  const targets = new Map<number, Btf | undefined>();
  for (const { attach_btf_id, attach_btf_obj_id } of programs) {
    if (attach_btf_id !== 0 && !targets.has(attach_btf_obj_id)) {
      targets.set(attach_btf_obj_id, readVmlinux(attach_btf_obj_id));
    }
  }
  return ({ attach_btf_id, attach_btf_obj_id }) => {
    const btf = targets.get(attach_btf_obj_id);
    return btf !== undefined && attach_btf_id < btf.endId ? btf.name(attach_btf_id) : undefined;
  };
}

/** The kernel's own BTF, if the id is its. */
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
