import type { TestContext } from "node:test";
import { BtfKind } from "../../../src/btf/index.ts";
import { kernelBtf } from "../../../src/kernel/index.ts";
import { attachTypeName, BpfAttachType, BpfProgType } from "../../../src/uapi/index.ts";
import { type Counting, counting } from "../../support/counting.ts";

const a = BpfAttachType;
const p = BpfProgType;

/** The hooks that test/support/cgroup-child.ts makes fire: attach type, program type, and bpftool's old name. */
export const HOOKS: readonly (readonly [attachType: BpfAttachType, progType: BpfProgType, oldName?: string])[] = [
  [a.BPF_CGROUP_INET_INGRESS, p.BPF_PROG_TYPE_CGROUP_SKB, "ingress"],
  [a.BPF_CGROUP_INET_EGRESS, p.BPF_PROG_TYPE_CGROUP_SKB, "egress"],
  [a.BPF_CGROUP_INET_SOCK_CREATE, p.BPF_PROG_TYPE_CGROUP_SOCK, "sock_create"],
  [a.BPF_CGROUP_INET_SOCK_RELEASE, p.BPF_PROG_TYPE_CGROUP_SOCK, "sock_release"],
  [a.BPF_CGROUP_INET4_BIND, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "bind4"],
  [a.BPF_CGROUP_INET6_BIND, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "bind6"],
  [a.BPF_CGROUP_INET4_POST_BIND, p.BPF_PROG_TYPE_CGROUP_SOCK, "post_bind4"],
  [a.BPF_CGROUP_INET6_POST_BIND, p.BPF_PROG_TYPE_CGROUP_SOCK, "post_bind6"],
  [a.BPF_CGROUP_INET4_CONNECT, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "connect4"],
  [a.BPF_CGROUP_INET6_CONNECT, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "connect6"],
  [a.BPF_CGROUP_UNIX_CONNECT, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR],
  [a.BPF_CGROUP_INET4_GETPEERNAME, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "getpeername4"],
  [a.BPF_CGROUP_INET6_GETPEERNAME, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "getpeername6"],
  [a.BPF_CGROUP_UNIX_GETPEERNAME, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR],
  [a.BPF_CGROUP_INET4_GETSOCKNAME, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "getsockname4"],
  [a.BPF_CGROUP_INET6_GETSOCKNAME, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "getsockname6"],
  [a.BPF_CGROUP_UNIX_GETSOCKNAME, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR],
  [a.BPF_CGROUP_UDP4_SENDMSG, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "sendmsg4"],
  [a.BPF_CGROUP_UDP6_SENDMSG, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "sendmsg6"],
  [a.BPF_CGROUP_UNIX_SENDMSG, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR],
  [a.BPF_CGROUP_UDP4_RECVMSG, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "recvmsg4"],
  [a.BPF_CGROUP_UDP6_RECVMSG, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "recvmsg6"],
  [a.BPF_CGROUP_UNIX_RECVMSG, p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR],
  [a.BPF_CGROUP_SOCK_OPS, p.BPF_PROG_TYPE_SOCK_OPS, "sock_ops"],
  [a.BPF_CGROUP_DEVICE, p.BPF_PROG_TYPE_CGROUP_DEVICE, "device"],
  [a.BPF_CGROUP_SYSCTL, p.BPF_PROG_TYPE_CGROUP_SYSCTL, "sysctl"],
  [a.BPF_CGROUP_GETSOCKOPT, p.BPF_PROG_TYPE_CGROUP_SOCKOPT, "getsockopt"],
  [a.BPF_CGROUP_SETSOCKOPT, p.BPF_PROG_TYPE_CGROUP_SOCKOPT, "setsockopt"],
  [a.BPF_LSM_CGROUP, p.BPF_PROG_TYPE_LSM],
];

/** A program for a hook that counts its runs and lets everything pass. */
export function hookProgram(t: TestContext, attachType: BpfAttachType, prog_name?: string): Counting {
  const prog_type = HOOKS.find(([type]) => type === attachType)?.[1] as BpfProgType;
  const name = prog_name ?? (attachTypeName(attachType) ?? "").replace("cgroup_", "").slice(0, 15);
  return counting(t, {
    prog_type,
    expected_attach_type: attachType,
    result: 1,
    prog_name: name,
    ...(attachType === a.BPF_LSM_CGROUP ? { attach_btf_id: lsmHook("socket_post_create"), license: "GPL" } : {}),
  });
}

/** The function of the kernel's BTF that stands for a hook of security modules. */
export function lsmHook(name: string): number {
  const found = kernelBtf().find(`bpf_lsm_${name}`, BtfKind.FUNC);
  if (found === undefined) throw new Error(`the kernel's BTF has no bpf_lsm_${name}`);
  return found;
}
