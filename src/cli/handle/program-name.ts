import type { Btf } from "../../btf/index.ts";
import { type ProgInfo, progInfo } from "../../sys/index.ts";
import { BPF_OBJ_NAME_LEN } from "../../uapi/index.ts";
import { loadedBtf } from "../loaded-btf.ts";

/** A program's name in full: where it fills the kernel's 15 characters, that of its function in its BTF. */
export function fullProgramName(info: ProgInfo, fd: number, btf: (id: number) => Btf | undefined = loadedBtf): string {
  if (info.name.length < BPF_OBJ_NAME_LEN - 1 || info.btf_id === 0 || info.nr_func_info === 0) return info.name;
  const { func_info } = progInfo(fd, { funcInfo: true });
  if (func_info === undefined || func_info.length < 8) return info.name;
  const typeId = new DataView(func_info.buffer, func_info.byteOffset).getUint32(4, true);
  const types = btf(info.btf_id);
  const type = types !== undefined && typeId < types.endId ? types.type(typeId) : undefined;
  return type?.kind === "func" ? type.name : info.name;
}
