import { Btf } from "../btf/index.ts";
import { btfGetFdById, btfInfo, closeFd } from "../sys/index.ts";
import { isGone } from "./kernel-object.ts";

/** The BTF that somebody loaded into the kernel with a program or map, by its id; undefined where it is gone. */
export function loadedBtf(id: number): Btf | undefined {
  let fd: number;
  try {
    fd = btfGetFdById(id);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
  try {
    const { btf } = btfInfo(fd, { data: true });
    return btf === undefined ? undefined : Btf.parse(btf, { source: `BTF ${id}` });
  } finally {
    closeFd(fd);
  }
}
