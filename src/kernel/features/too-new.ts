import { Errno, type NotSupportedError, SyscallError } from "../../errors/index.ts";
import type { MapCreateAttr, ProgLoadOptions } from "../../sys/index.ts";
import {
  attachTypeName,
  BpfAttachType,
  BpfMapFlag,
  BpfMapType,
  BpfProgFlag,
  BpfProgType,
  mapTypeName,
  progTypeName,
} from "../../uapi/index.ts";
import { tooOldFor } from "./lack.ts";
import type { FeatureName } from "./table.ts";

// If a kernel does not know a feature, the call fails with EINVAL and without a reason. After such a failure, these
// tables tell which feature the kernel is too old for. Every call is tried first, because a distribution may have
// backported the feature.

type Row = readonly [value: number, feature: FeatureName];

const PROGRAMS: readonly Row[] = [
  [BpfProgType.BPF_PROG_TYPE_SYSCALL, "prog:syscall"],
  [BpfProgType.BPF_PROG_TYPE_NETFILTER, "prog:netfilter"],
];
const ATTACH_TYPES: readonly Row[] = [
  [BpfAttachType.BPF_SK_REUSEPORT_SELECT_OR_MIGRATE, "attach:sk_reuseport_migrate"],
  [BpfAttachType.BPF_LSM_CGROUP, "attach:lsm_cgroup"],
  [BpfAttachType.BPF_CGROUP_UNIX_CONNECT, "attach:cgroup_unix"],
  [BpfAttachType.BPF_CGROUP_UNIX_SENDMSG, "attach:cgroup_unix"],
  [BpfAttachType.BPF_CGROUP_UNIX_RECVMSG, "attach:cgroup_unix"],
  [BpfAttachType.BPF_CGROUP_UNIX_GETPEERNAME, "attach:cgroup_unix"],
  [BpfAttachType.BPF_CGROUP_UNIX_GETSOCKNAME, "attach:cgroup_unix"],
];
const PROGRAM_FLAGS: readonly Row[] = [
  [BpfProgFlag.BPF_F_XDP_HAS_FRAGS, "prog:xdp_frags"],
  [BpfProgFlag.BPF_F_XDP_DEV_BOUND_ONLY, "prog:xdp_device_bound"],
];
const MAPS: readonly Row[] = [
  [BpfMapType.BPF_MAP_TYPE_TASK_STORAGE, "map:task_storage"],
  [BpfMapType.BPF_MAP_TYPE_BLOOM_FILTER, "map:bloom_filter"],
  [BpfMapType.BPF_MAP_TYPE_USER_RINGBUF, "map:user_ringbuf"],
  [BpfMapType.BPF_MAP_TYPE_CGRP_STORAGE, "map:cgrp_storage"],
  [BpfMapType.BPF_MAP_TYPE_ARENA, "map:arena"],
  [BpfMapType.BPF_MAP_TYPE_INSN_ARRAY, "map:insn_array"],
];
const MAP_FLAGS: readonly Row[] = [[BpfMapFlag.BPF_F_LINK, "map:struct_ops_link"]];

/**
 * Explains why the kernel rejected a program: returns an error if the kernel is too old for a feature that the program
 * uses. Returns undefined if no such feature is known.
 */
export function programTooNew(load: ProgLoadOptions, error: SyscallError): NotSupportedError | undefined {
  if (error.errno !== Errno.EINVAL) return undefined;
  const { prog_type, expected_attach_type = 0, prog_flags = 0 } = load;
  const user = `program ${load.prog_name}`;
  const name = progTypeName(prog_type) ?? `type ${prog_type}`;
  const attach = attachTypeName(expected_attach_type) ?? `attach type ${expected_attach_type}`;
  return (
    tooNew(PROGRAMS, (type) => type === prog_type, `${name} programs`, user, error) ??
    tooNew(ATTACH_TYPES, (type) => type === expected_attach_type, `${name} programs for ${attach}`, user, error) ??
    tooNew(
      PROGRAM_FLAGS,
      (flag) => (prog_flags & flag) !== 0,
      `the flags 0x${prog_flags.toString(16)} of ${name} programs`,
      user,
      error,
    )
  );
}

/**
 * Explains why the kernel rejected a map: returns an error if the kernel is too old for a feature of the map. Returns
 * undefined if no such feature is known. `user` names what needs the map.
 */
export function mapTooNew(attr: MapCreateAttr, error: unknown, user: string): NotSupportedError | undefined {
  if (!(error instanceof SyscallError) || error.errno !== Errno.EINVAL) return undefined;
  const { map_type, map_flags = 0 } = attr;
  const name = mapTypeName(map_type) ?? `type ${map_type}`;
  return (
    tooNew(MAPS, (type) => type === map_type, `${name} maps`, user, error) ??
    tooNew(
      MAP_FLAGS,
      (flag) => (map_flags & flag) !== 0,
      `the flags 0x${map_flags.toString(16)} of ${name} maps`,
      user,
      error,
    )
  );
}

function tooNew(
  table: readonly Row[],
  isUsed: (value: number) => boolean,
  what: string,
  user: string,
  cause: SyscallError,
): NotSupportedError | undefined {
  for (const [value, feature] of table) {
    const error = isUsed(value) ? tooOldFor(feature, { what, detail: `${user} needs it` }, cause) : undefined;
    if (error !== undefined) return error;
  }
  return undefined;
}
