import { writeU32 } from "../../layout/index.ts";
import { BpfCmd, BpfMapCreateAttr, type BpfMapType } from "../../uapi/index.ts";
import { beginCall, placeBytes } from "../call-buffer.ts";
import { lengthOf } from "../ffi.ts";
import { raiseMemlock } from "../memlock.ts";
import { runCommand } from "./command.ts";
import { givenName } from "./object-name.ts";
import { tokenFields } from "./token.ts";

/** The attributes of BPF_MAP_CREATE, by the kernel's names. */
export interface MapCreateAttr {
  readonly map_type: BpfMapType;
  readonly key_size?: number | undefined;
  readonly value_size?: number | undefined;
  readonly max_entries?: number | undefined;
  readonly map_flags?: number | undefined;
  readonly inner_map_fd?: number | undefined;
  readonly numa_node?: number | undefined;
  /** The name. It is cut to 15 bytes. The kernel allows only letters, digits, `_` and `.` (EINVAL otherwise). */
  readonly map_name?: string | undefined;
  readonly map_ifindex?: number | undefined;
  readonly btf_fd?: number | undefined;
  readonly btf_key_type_id?: number | undefined;
  readonly btf_value_type_id?: number | undefined;
  readonly btf_vmlinux_value_type_id?: number | undefined;
  readonly map_extra?: bigint | undefined;
  readonly value_type_btf_obj_fd?: number | undefined;
  /** An fd of a token. Needs BPF_F_TOKEN_FD in `map_flags` (6.9). */
  readonly map_token_fd?: number | undefined;
  /** The SHA-256 hash of the only program that may use the map (6.18). */
  readonly excl_prog_hash?: Uint8Array | undefined;
}

/** Creates a map. Returns its fd (close-on-exec), which the caller must close. */
export function mapCreate(attr: MapCreateAttr): number {
  raiseMemlock();
  const callBuffer = beginCall();
  const { map_name, excl_prog_hash, map_flags, map_token_fd, ...fields } = attr;
  const { flags, tokenFd } = tokenFields(map_flags, map_token_fd);
  BpfMapCreateAttr.fill(callBuffer.view, 0, {
    ...(fields as Partial<{ map_type: number }>),
    map_flags: flags,
    map_token_fd: tokenFd,
    map_name: givenName(map_name),
    excl_prog_hash: placeBytes(excl_prog_hash),
    excl_prog_hash_size: excl_prog_hash === undefined ? 0 : lengthOf(excl_prog_hash),
  });
  return runCommand(callBuffer, BpfCmd.BPF_MAP_CREATE, BpfMapCreateAttr.size, {
    mapType: attr.map_type,
    memlock: true,
    ...(map_name === undefined ? {} : { subject: `map "${map_name}"` }),
  });
}

/** Makes a map read-only for user space (5.2). */
export function mapFreeze(fd: number): void {
  const callBuffer = beginCall();
  writeU32(callBuffer.view, 0, fd, "fd");
  runCommand(callBuffer, BpfCmd.BPF_MAP_FREEZE, 4, { needs: ["CAP_BPF"] });
}
