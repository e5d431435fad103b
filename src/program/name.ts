import type { Btf } from "../btf/index.ts";
import { loadedBtf } from "../kernel/index.ts";
import { type ProgInfo, progInfo } from "../sys/index.ts";
import { BPF_OBJ_NAME_LEN } from "../uapi/index.ts";
import { functionName, infoRecords } from "./debug-info.ts";

/**
 * Returns the full name of a program. If the kernel's name has 15 characters, it may be cut, so this takes the name of
 * the program's function from its BTF. `btf` finds BTF by its id; callers can pass a function with a cache.
 */
export function fullProgramName(
  info: Pick<ProgInfo, "name" | "btf_id" | "nr_func_info">,
  fd: number,
  btf: (id: number) => Btf | undefined = loadedBtf,
): string {
  if (info.name.length < BPF_OBJ_NAME_LEN - 1 || info.btf_id === 0 || info.nr_func_info === 0) return info.name;
  const { func_info, func_info_rec_size } = progInfo(fd, { func_info: true });
  const [first] = infoRecords(func_info, func_info_rec_size);
  const types = first === undefined ? undefined : btf(info.btf_id);
  return (types && first && functionName(types, first)) ?? info.name;
}
