import { Btf } from "../btf/index.ts";
import { btfGetFdById, btfInfo, closeFd } from "../sys/index.ts";

const loaded = new Map<number, Btf | undefined>();

/** The BTF that somebody loaded into the kernel, by its id; undefined where it is gone. Read once in a command. */
export function loadedBtf(id: number): Btf | undefined {
  if (!loaded.has(id)) loaded.set(id, readLoadedBtf(id));
  return loaded.get(id);
}

function readLoadedBtf(id: number): Btf | undefined {
  let fd: number;
  try {
    fd = btfGetFdById(id);
  } catch {
    return undefined;
  }
  try {
    const { btf } = btfInfo(fd, { data: true });
    return btf === undefined ? undefined : Btf.parse(btf, { source: `BTF ${id}` });
  } finally {
    closeFd(fd);
  }
}
