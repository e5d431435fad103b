import { CGROUP_ATTACH_TYPES } from "../../link/index.ts";
import { attachTypeByName, attachTypeName, BpfAttachType } from "../../uapi/index.ts";
import { CommandError } from "../failure/command-error.ts";
import { begins } from "../words/words.ts";

const a = BpfAttachType;

/** bpftool's older names for attach types. A user may shorten these names. */
const OLD_NAMES: ReadonlyMap<number, string> = new Map([
  [a.BPF_CGROUP_INET_INGRESS, "ingress"],
  [a.BPF_CGROUP_INET_EGRESS, "egress"],
  [a.BPF_CGROUP_INET_SOCK_CREATE, "sock_create"],
  [a.BPF_CGROUP_INET_SOCK_RELEASE, "sock_release"],
  [a.BPF_CGROUP_SOCK_OPS, "sock_ops"],
  [a.BPF_CGROUP_DEVICE, "device"],
  [a.BPF_CGROUP_INET4_BIND, "bind4"],
  [a.BPF_CGROUP_INET6_BIND, "bind6"],
  [a.BPF_CGROUP_INET4_CONNECT, "connect4"],
  [a.BPF_CGROUP_INET6_CONNECT, "connect6"],
  [a.BPF_CGROUP_INET4_POST_BIND, "post_bind4"],
  [a.BPF_CGROUP_INET6_POST_BIND, "post_bind6"],
  [a.BPF_CGROUP_INET4_GETPEERNAME, "getpeername4"],
  [a.BPF_CGROUP_INET6_GETPEERNAME, "getpeername6"],
  [a.BPF_CGROUP_INET4_GETSOCKNAME, "getsockname4"],
  [a.BPF_CGROUP_INET6_GETSOCKNAME, "getsockname6"],
  [a.BPF_CGROUP_UDP4_SENDMSG, "sendmsg4"],
  [a.BPF_CGROUP_UDP6_SENDMSG, "sendmsg6"],
  [a.BPF_CGROUP_SYSCTL, "sysctl"],
  [a.BPF_CGROUP_UDP4_RECVMSG, "recvmsg4"],
  [a.BPF_CGROUP_UDP6_RECVMSG, "recvmsg6"],
  [a.BPF_CGROUP_GETSOCKOPT, "getsockopt"],
  [a.BPF_CGROUP_SETSOCKOPT, "setsockopt"],
]);

/**
 * Returns the attach type that a word names. The word is libbpf's full name or bpftool's old name, which may be
 * shortened. Throws if a shortened word matches several attach types: attaching and detaching change the cgroup, so
 * this function does not guess.
 */
export function parseAttachType(word: string): number {
  const modern = attachTypeByName(word);
  if (modern !== undefined) return modern;
  const fits = [...CGROUP_ATTACH_TYPES].sort((x, y) => x - y).filter((type) => begins(word, inputName(type)));
  const exact = fits.find((type) => inputName(type) === word);
  if (exact !== undefined) return exact;
  const [first] = fits;
  if (first === undefined) {
    const names = CGROUP_ATTACH_TYPES.flatMap((type) => [attachTypeName(type) ?? "", inputName(type)]);
    throw new CommandError(`invalid attach type '${word}'; see 'bpfts cgroup help'`, {
      typo: { word, names: new Set(names) },
    });
  }
  if (fits.length > 1) {
    throw new CommandError(`attach type '${word}' could be ${fits.map((type) => `'${inputName(type)}'`).join(", ")}`);
  }
  return first;
}

function inputName(type: number): string {
  return OLD_NAMES.get(type) ?? attachTypeName(type) ?? "";
}
