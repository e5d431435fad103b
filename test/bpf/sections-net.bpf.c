// One program for each kind of section of the network's hooks.
#include "context.h"

LICENSE("GPL");

#define PROGRAM(section, name, context, result) \
  SEC(section) int on_##name(struct context *c) {    \
    return result;                              \
  }

PROGRAM("socket", socket_filter, __sk_buff, c->len)
PROGRAM("sk_reuseport", reuseport, sk_reuseport_md, SK_PASS)
PROGRAM("sk_reuseport/migrate", reuseport_migrate, sk_reuseport_md, SK_PASS)
PROGRAM("tc", tc, __sk_buff, 0)
PROGRAM("classifier", classifier, __sk_buff, 0)
PROGRAM("action", action, __sk_buff, 0)
PROGRAM("tc/ingress", tc_ingress, __sk_buff, -1)
PROGRAM("tc/egress", tc_egress, __sk_buff, -1)
PROGRAM("tcx/ingress", tcx_ingress, __sk_buff, -1)
PROGRAM("tcx/egress", tcx_egress, __sk_buff, -1)
PROGRAM("netkit/primary", netkit_primary, __sk_buff, -1)
PROGRAM("netkit/peer", netkit_peer, __sk_buff, -1)
PROGRAM("xdp", xdp, xdp_md, XDP_PASS)
PROGRAM("xdp.frags", xdp_frags, xdp_md, XDP_PASS)
PROGRAM("xdp/devmap", xdp_devmap, xdp_md, XDP_PASS)
PROGRAM("xdp.frags/devmap", xdp_frags_devmap, xdp_md, XDP_PASS)
PROGRAM("xdp/cpumap", xdp_cpumap, xdp_md, XDP_PASS)
PROGRAM("xdp.frags/cpumap", xdp_frags_cpumap, xdp_md, XDP_PASS)
PROGRAM("lwt_in", lwt_in, __sk_buff, 0)
PROGRAM("lwt_out", lwt_out, __sk_buff, 0)
PROGRAM("lwt_xmit", lwt_xmit, __sk_buff, 0)
PROGRAM("lwt_seg6local", lwt_seg6local, __sk_buff, 0)
PROGRAM("sockops", sockops, bpf_sock_ops, c->op == 0)
PROGRAM("sk_skb", sk_skb, __sk_buff, SK_PASS)
PROGRAM("sk_skb/stream_parser", stream_parser, __sk_buff, c->len)
PROGRAM("sk_skb/stream_verdict", stream_verdict, __sk_buff, SK_PASS)
PROGRAM("sk_skb/verdict", verdict, __sk_buff, SK_PASS)
PROGRAM("sk_msg", message, sk_msg_md, SK_PASS)
// BPF_OK | 128: goes on with the kernel's own dissector.
PROGRAM("flow_dissector", dissector, __sk_buff, 129)
PROGRAM("sk_lookup", lookup, bpf_sk_lookup, SK_PASS)
