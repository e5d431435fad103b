import { Btf } from "../btf/index.ts";
import { btfGetFdById, btfInfo, closeFd } from "../sys/index.ts";
import { isGone } from "./kernel-object.ts";

/**
 * The BTF that somebody loaded into the kernel with a program or map, by its id; undefined where it is gone. A module's
 * goes on from the kernel's own, its `base`.
 */
export function loadedBtf(id: number, base?: Btf): Btf | undefined {
  let fd: number;
  try {
    fd = btfGetFdById(id);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
  try {
    const { btf } = btfInfo(fd, { data: true });
    return btf === undefined || btf.length === 0 ? undefined : Btf.parse(btf, { source: `BTF ${id}`, base });
  } finally {
    closeFd(fd);
  }
}
