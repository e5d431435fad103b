import type { Btf } from "../../btf/index.ts";
import { Errno } from "../../errors/index.ts";
import { loadedBtf as readLoadedBtf } from "../../kernel/index.ts";
import { errnoOf } from "../failure/reason.ts";
import { writeNote } from "../output/write.ts";

const loaded = new Map<number, Btf | undefined>();
let isRefused = false;

/**
 * Returns the BTF that somebody loaded into the kernel, by its id. Reads it once in a command. Returns undefined for BTF
 * that is gone, and without CAP_SYS_ADMIN, which nothing else of a pinned object needs: then the command says once that
 * names and source lines are missing.
 */
export function loadedBtf(id: number): Btf | undefined {
  if (!loaded.has(id)) loaded.set(id, readOrWarn(id));
  return loaded.get(id);
}

function readOrWarn(id: number): Btf | undefined {
  try {
    return readLoadedBtf(id);
  } catch (error) {
    if (errnoOf(error) !== Errno.EPERM) throw error;
    if (!isRefused) {
      writeNote("Warning: BTF cannot be read, so prototypes and source lines are left out: its id needs CAP_SYS_ADMIN");
    }
    isRefused = true;
    return undefined;
  }
}
