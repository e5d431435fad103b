import { BpfAttachType, BpfProgType } from "../../uapi/index.ts";

const a = BpfAttachType;
const p = BpfProgType;

/** The hooks of a cgroup in the order in which bpftool shows them, each with the type of program that it takes. */
const PROGRAM_TYPES: ReadonlyMap<BpfAttachType, BpfProgType> = new Map([
  [a.BPF_CGROUP_INET_INGRESS, p.BPF_PROG_TYPE_CGROUP_SKB],
  [a.BPF_CGROUP_INET_EGRESS, p.BPF_PROG_TYPE_CGROUP_SKB],
  [a.BPF_CGROUP_INET_SOCK_CREATE, p.BPF_PROG_TYPE_CGROUP_SOCK],
  [a.BPF_CGROUP_INET_SOCK_RELEASE, p.BPF_PROG_TYPE_CGROUP_SOCK],
  [a.BPF_CGROUP_INET4_BIND, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR],
  [a.BPF_CGROUP_INET6_BIND, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR],
  [a.BPF_CGROUP_INET4_POST_BIND, p.BPF_PROG_TYPE_CGROUP_SOCK],
  [a.BPF_CGROUP_INET6_POST_BIND, p.BPF_PROG_TYPE_CGROUP_SOCK],
  [a.BPF_CGROUP_INET4_CONNECT, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR],
  [a.BPF_CGROUP_INET6_CONNECT, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR],
  [a.BPF_CGROUP_UNIX_CONNECT, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR],
  [a.BPF_CGROUP_INET4_GETPEERNAME, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR],
  [a.BPF_CGROUP_INET6_GETPEERNAME, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR],
  [a.BPF_CGROUP_UNIX_GETPEERNAME, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR],
  [a.BPF_CGROUP_INET4_GETSOCKNAME, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR],
  [a.BPF_CGROUP_INET6_GETSOCKNAME, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR],
  [a.BPF_CGROUP_UNIX_GETSOCKNAME, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR],
  [a.BPF_CGROUP_UDP4_SENDMSG, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR],
  [a.BPF_CGROUP_UDP6_SENDMSG, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR],
  [a.BPF_CGROUP_UNIX_SENDMSG, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR],
  [a.BPF_CGROUP_UDP4_RECVMSG, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR],
  [a.BPF_CGROUP_UDP6_RECVMSG, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR],
  [a.BPF_CGROUP_UNIX_RECVMSG, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR],
  [a.BPF_CGROUP_SOCK_OPS, p.BPF_PROG_TYPE_SOCK_OPS],
  [a.BPF_CGROUP_DEVICE, p.BPF_PROG_TYPE_CGROUP_DEVICE],
  [a.BPF_CGROUP_SYSCTL, p.BPF_PROG_TYPE_CGROUP_SYSCTL],
  [a.BPF_CGROUP_GETSOCKOPT, p.BPF_PROG_TYPE_CGROUP_SOCKOPT],
  [a.BPF_CGROUP_SETSOCKOPT, p.BPF_PROG_TYPE_CGROUP_SOCKOPT],
  [a.BPF_LSM_CGROUP, p.BPF_PROG_TYPE_LSM],
]);

/** The attach types of cgroups in the order in which bpftool shows them. An older kernel has fewer. */
export const CGROUP_ATTACH_TYPES: readonly BpfAttachType[] = [...PROGRAM_TYPES.keys()];

/** The type of the programs that go to an attach type of cgroups; undefined for one that is not of cgroups. */
export function cgroupProgramType(attachType: BpfAttachType): BpfProgType | undefined {
  return PROGRAM_TYPES.get(attachType);
}

/** The kernels that brought the attach types that 5.10 does not have. */
const SINCE: ReadonlyMap<BpfAttachType, string> = new Map([
  [a.BPF_LSM_CGROUP, "6.0"],
  [a.BPF_CGROUP_UNIX_CONNECT, "6.7"],
  [a.BPF_CGROUP_UNIX_SENDMSG, "6.7"],
  [a.BPF_CGROUP_UNIX_RECVMSG, "6.7"],
  [a.BPF_CGROUP_UNIX_GETPEERNAME, "6.7"],
  [a.BPF_CGROUP_UNIX_GETSOCKNAME, "6.7"],
]);

/** The first kernel with an attach type of cgroups; undefined for those of 5.10 and older. */
export function cgroupAttachTypeSince(attachType: BpfAttachType): string | undefined {
  return SINCE.get(attachType);
}
