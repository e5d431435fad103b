// Maps that hold what packets are sent to: devices, CPUs, AF_XDP sockets, sockets.
#include "context.h"

LICENSE("GPL");

struct redirect {
  u32 target;
  u32 program;
};

struct {
  UINT(type, BPF_MAP_TYPE_DEVMAP);
  UINT(max_entries, 8);
  TYPE(key, u32);
  TYPE(value, struct redirect);
} devices SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_DEVMAP_HASH);
  UINT(max_entries, 8);
  UINT(key_size, 4);
  UINT(value_size, 4);
} device_hash SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_CPUMAP);
  UINT(max_entries, 2);
  TYPE(key, u32);
  TYPE(value, struct redirect);
} cpus SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_XSKMAP);
  UINT(max_entries, 4);
  UINT(key_size, 4);
  UINT(value_size, 4);
} xdp_sockets SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_SOCKMAP);
  UINT(max_entries, 4);
  TYPE(key, u32);
  TYPE(value, u64);
} sockets SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_SOCKHASH);
  UINT(max_entries, 4);
  TYPE(key, u64);
  TYPE(value, u32);
} socket_hash SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY);
  UINT(max_entries, 4);
  TYPE(key, u32);
  TYPE(value, u64);
} listeners SEC(".maps");

SEC("xdp")
int redirect(struct xdp_md *context) {
  switch (context->rx_queue_index) {
    case 0:
      return bpf_redirect_map(&devices, 0, XDP_PASS);
    case 1:
      return bpf_redirect_map(&device_hash, 7, XDP_PASS);
    case 2:
      return bpf_redirect_map(&cpus, 1, XDP_PASS);
    default:
      return bpf_redirect_map(&xdp_sockets, 0, XDP_PASS);
  }
}

SEC("xdp/devmap")
int on_device(struct xdp_md *context) {
  return context->egress_ifindex ? XDP_PASS : 1;
}

SEC("xdp/cpumap")
int on_cpu(struct xdp_md *context) {
  return XDP_PASS;
}

SEC("sk_msg")
int message(struct sk_msg_md *message) {
  return bpf_msg_redirect_map(message, &sockets, 0, 0);
}

SEC("sk_skb/stream_verdict")
int verdict(struct __sk_buff *skb) {
  u64 key = skb->remote_port;
  return bpf_sk_redirect_hash(skb, &socket_hash, &key, 0);
}

SEC("sk_skb/stream_parser")
int parser(struct __sk_buff *skb) {
  return skb->len;
}

SEC("sk_reuseport")
int choose(struct sk_reuseport_md *context) {
  u32 key = context->hash & 3;
  return bpf_sk_select_reuseport(context, &listeners, &key, 0) ? SK_PASS - 1 : SK_PASS;
}
