import type { Btf } from "../../btf/index.ts";
import { loadedBtf as readLoadedBtf } from "../../kernel/index.ts";

const loaded = new Map<number, Btf | undefined>();

/** The BTF that somebody loaded into the kernel, by its id; undefined where it is gone. Read once in a command. */
export function loadedBtf(id: number): Btf | undefined {
  if (!loaded.has(id)) loaded.set(id, readLoadedBtf(id));
  return loaded.get(id);
}
