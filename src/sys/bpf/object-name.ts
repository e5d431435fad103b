import { UsageError } from "../../errors/index.ts";
import { BPF_OBJ_NAME_LEN } from "../../uapi/index.ts";

/**
 * Returns a name that the kernel accepts (bpf_obj_name_cpy): at most 15 bytes of letters, digits, `_` and `.`. Replaces
 * all other bytes by `_`, as libbpf does.
 */
export function objectName(name: string | undefined): string {
  if (name === undefined) return "";
  return name.replace(/[^A-Za-z0-9_.]/gu, "_").slice(0, BPF_OBJ_NAME_LEN - 1);
}

/**
 * Returns a name that the user chose, cut to the 15 bytes of the kernel's struct. No bytes are replaced: the kernel
 * refuses a name with bytes that it does not allow. Throws UsageError for a NUL byte, which would silently end the
 * name.
 */
export function givenName(name: string | undefined): string {
  if (name === undefined) return "";
  if (name.includes("\0")) throw new UsageError(`the name ${JSON.stringify(name)} has a NUL byte`);
  return Buffer.from(name)
    .subarray(0, BPF_OBJ_NAME_LEN - 1)
    .toString("latin1");
}
