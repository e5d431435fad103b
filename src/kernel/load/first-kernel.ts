import { Errno, NotSupportedError, SyscallError } from "../../errors/index.ts";
import { kernelAtLeast, type MapCreateAttr, type ProgLoadOptions } from "../../sys/index.ts";
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

// To what it does not know a kernel says EINVAL, and no more. The versions below only explain such a failure, after
// the fact: a distribution's kernel that has the feature earlier does not come here.

type First = readonly [value: number, major: number, minor: number];

const PROGRAMS: readonly First[] = [
  [BpfProgType.BPF_PROG_TYPE_SYSCALL, 5, 14],
  [BpfProgType.BPF_PROG_TYPE_NETFILTER, 6, 4],
];
const ATTACH_TYPES: readonly First[] = [
  [BpfAttachType.BPF_SK_REUSEPORT_SELECT_OR_MIGRATE, 5, 14],
  [BpfAttachType.BPF_LSM_CGROUP, 6, 0],
  [BpfAttachType.BPF_CGROUP_UNIX_CONNECT, 6, 7],
  [BpfAttachType.BPF_CGROUP_UNIX_SENDMSG, 6, 7],
  [BpfAttachType.BPF_CGROUP_UNIX_RECVMSG, 6, 7],
  [BpfAttachType.BPF_CGROUP_UNIX_GETPEERNAME, 6, 7],
  [BpfAttachType.BPF_CGROUP_UNIX_GETSOCKNAME, 6, 7],
];
const PROGRAM_FLAGS: readonly First[] = [
  [BpfProgFlag.BPF_F_XDP_HAS_FRAGS, 5, 18],
  [BpfProgFlag.BPF_F_XDP_DEV_BOUND_ONLY, 6, 3],
];
const MAPS: readonly First[] = [
  [BpfMapType.BPF_MAP_TYPE_TASK_STORAGE, 5, 11],
  [BpfMapType.BPF_MAP_TYPE_BLOOM_FILTER, 5, 16],
  [BpfMapType.BPF_MAP_TYPE_USER_RINGBUF, 6, 1],
  [BpfMapType.BPF_MAP_TYPE_CGRP_STORAGE, 6, 2],
  [BpfMapType.BPF_MAP_TYPE_ARENA, 6, 9],
  [BpfMapType.BPF_MAP_TYPE_INSN_ARRAY, 6, 19],
];
const MAP_FLAGS: readonly First[] = [[BpfMapFlag.BPF_F_LINK, 6, 4]];

/** What this kernel is too old for in a program that it refused without a word; undefined where that is not known. */
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

/** The same for a map; `user` is what needs it. */
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
  table: readonly First[],
  isUsed: (value: number) => boolean,
  feature: string,
  user: string,
  cause: SyscallError,
): NotSupportedError | undefined {
  const row = table.find(([value, major, minor]) => isUsed(value) && !kernelAtLeast(major, minor));
  if (row === undefined) return undefined;
  return new NotSupportedError({ feature, minVersion: `${row[1]}.${row[2]}`, detail: `${user} needs it` }, { cause });
}
