import { UsageError } from "../../errors/index.ts";
import { BPF_OBJ_NAME_LEN } from "../../uapi/index.ts";

/**
 * A name as the kernel takes it (bpf_obj_name_cpy): at most 15 bytes of letters, digits, `_` and `.`.
 * Other bytes become `_`, as libbpf does.
 */
export function objectName(name: string | undefined): string {
  if (name === undefined) return "";
  return name.replace(/[^A-Za-z0-9_.]/gu, "_").slice(0, BPF_OBJ_NAME_LEN - 1);
}

/**
 * Returns a name that somebody chose, as the kernel's struct holds it: cut to 15 bytes and otherwise as it is. If the kernel
 * does not allow a byte of it, the kernel says so. A NUL within would end the name in silence, so it is a UsageError.
 */
export function givenName(name: string | undefined): string {
  if (name === undefined) return "";
  if (name.includes("\0")) throw new UsageError(`the name ${JSON.stringify(name)} has a NUL byte`);
  return Buffer.from(name)
    .subarray(0, BPF_OBJ_NAME_LEN - 1)
    .toString("latin1");
}
