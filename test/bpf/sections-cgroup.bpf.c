// One program for each kind of section of the cgroup hooks: all allow what they are asked about.
#include "context.h"

LICENSE("GPL");

#define PROGRAM(section, name, context)      \
  SEC(section) int on_##name(struct context *c) { \
    return 1;                                \
  }

PROGRAM("cgroup_skb/ingress", skb_ingress, __sk_buff)
PROGRAM("cgroup_skb/egress", skb_egress, __sk_buff)
PROGRAM("cgroup/skb", skb, __sk_buff)
PROGRAM("cgroup/sock_create", sock_create, bpf_sock)
PROGRAM("cgroup/sock_release", sock_release, bpf_sock)
PROGRAM("cgroup/sock", sock, bpf_sock)
PROGRAM("cgroup/post_bind4", post_bind4, bpf_sock)
PROGRAM("cgroup/post_bind6", post_bind6, bpf_sock)
PROGRAM("cgroup/bind4", bind4, bpf_sock_addr)
PROGRAM("cgroup/bind6", bind6, bpf_sock_addr)
PROGRAM("cgroup/connect4", connect4, bpf_sock_addr)
PROGRAM("cgroup/connect6", connect6, bpf_sock_addr)
PROGRAM("cgroup/connect_unix", connect_unix, bpf_sock_addr)
PROGRAM("cgroup/sendmsg4", sendmsg4, bpf_sock_addr)
PROGRAM("cgroup/sendmsg6", sendmsg6, bpf_sock_addr)
PROGRAM("cgroup/sendmsg_unix", sendmsg_unix, bpf_sock_addr)
PROGRAM("cgroup/recvmsg4", recvmsg4, bpf_sock_addr)
PROGRAM("cgroup/recvmsg6", recvmsg6, bpf_sock_addr)
PROGRAM("cgroup/recvmsg_unix", recvmsg_unix, bpf_sock_addr)
PROGRAM("cgroup/getpeername4", getpeername4, bpf_sock_addr)
PROGRAM("cgroup/getpeername6", getpeername6, bpf_sock_addr)
PROGRAM("cgroup/getpeername_unix", getpeername_unix, bpf_sock_addr)
PROGRAM("cgroup/getsockname4", getsockname4, bpf_sock_addr)
PROGRAM("cgroup/getsockname6", getsockname6, bpf_sock_addr)
PROGRAM("cgroup/getsockname_unix", getsockname_unix, bpf_sock_addr)
PROGRAM("cgroup/sysctl", sysctl, bpf_sysctl)
PROGRAM("cgroup/dev", device, bpf_cgroup_dev_ctx)
PROGRAM("sockops", sockops, bpf_sock_ops)

SEC("cgroup/getsockopt")
int getsockopt(struct bpf_sockopt *context) {
  context->retval = 0;
  return 1;
}

SEC("cgroup/setsockopt")
int setsockopt(struct bpf_sockopt *context) {
  return 1;
}
