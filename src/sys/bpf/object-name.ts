import { BPF_OBJ_NAME_LEN } from "../../uapi/index.ts";

/**
 * A name as the kernel takes it (bpf_obj_name_cpy): at most 15 bytes of letters, digits, `_` and `.`.
 * Other bytes become `_`, as libbpf does.
 */
export function objectName(name: string | undefined): string {
  if (name === undefined) return "";
  return name.replace(/[^A-Za-z0-9_.]/gu, "_").slice(0, BPF_OBJ_NAME_LEN - 1);
}
