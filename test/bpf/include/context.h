// The contexts that programs get, as the user ABI lays them out (include/uapi/linux/bpf.h).
#pragma once
#include "bpf.h"

#define POINTER(type, name) \
  union {                   \
    type name;              \
    u64 : 64;               \
  } __attribute__((aligned(8)))

struct bpf_sock {
  u32 bound_dev_if;
  u32 family;
  u32 type;
  u32 protocol;
  u32 mark;
  u32 priority;
  u32 src_ip4;
  u32 src_ip6[4];
  u32 src_port;
  u16 dst_port;
  u16 : 16;
  u32 dst_ip4;
  u32 dst_ip6[4];
  u32 state;
  s32 rx_queue_mapping;
};

struct bpf_flow_keys;
struct __sk_buff {
  u32 len;
  u32 pkt_type;
  u32 mark;
  u32 queue_mapping;
  u32 protocol;
  u32 vlan_present;
  u32 vlan_tci;
  u32 vlan_proto;
  u32 priority;
  u32 ingress_ifindex;
  u32 ifindex;
  u32 tc_index;
  u32 cb[5];
  u32 hash;
  u32 tc_classid;
  u32 data;
  u32 data_end;
  u32 napi_id;
  u32 family;
  u32 remote_ip4;
  u32 local_ip4;
  u32 remote_ip6[4];
  u32 local_ip6[4];
  u32 remote_port;
  u32 local_port;
  u32 data_meta;
  POINTER(struct bpf_flow_keys *, flow_keys);
  u64 tstamp;
  u32 wire_len;
  u32 gso_segs;
  POINTER(struct bpf_sock *, sk);
  u32 gso_size;
};

struct xdp_md {
  u32 data;
  u32 data_end;
  u32 data_meta;
  u32 ingress_ifindex;
  u32 rx_queue_index;
  u32 egress_ifindex;
};

struct sk_msg_md {
  POINTER(void *, data);
  POINTER(void *, data_end);
  u32 family;
  u32 remote_ip4;
  u32 local_ip4;
  u32 remote_ip6[4];
  u32 local_ip6[4];
  u32 remote_port;
  u32 local_port;
  u32 size;
  POINTER(struct bpf_sock *, sk);
};

struct bpf_sock_addr {
  u32 user_family;
  u32 user_ip4;
  u32 user_ip6[4];
  u32 user_port;
  u32 family;
  u32 type;
  u32 protocol;
  u32 msg_src_ip4;
  u32 msg_src_ip6[4];
  POINTER(struct bpf_sock *, sk);
};

struct bpf_sock_ops {
  u32 op;
  union {
    u32 args[4];
    u32 reply;
  };
  u32 family;
  u32 remote_ip4;
  u32 local_ip4;
};

struct sk_reuseport_md {
  POINTER(void *, data);
  POINTER(void *, data_end);
  u32 len;
  u32 eth_protocol;
  u32 ip_protocol;
  u32 bind_inany;
  u32 hash;
};

struct bpf_sk_lookup {
  union {
    POINTER(struct bpf_sock *, sk);
    u64 cookie;
  };
  u32 family;
  u32 protocol;
  u32 remote_ip4;
  u32 remote_ip6[4];
  u16 remote_port;
  u16 : 16;
  u32 local_ip4;
  u32 local_ip6[4];
  u32 local_port;
  u32 ingress_ifindex;
};

struct bpf_sockopt {
  POINTER(struct bpf_sock *, sk);
  POINTER(void *, optval);
  POINTER(void *, optval_end);
  s32 level;
  s32 optname;
  s32 optlen;
  s32 retval;
};

struct bpf_sysctl {
  u32 write;
  u32 file_pos;
};

struct bpf_cgroup_dev_ctx {
  u32 access_type;
  u32 major;
  u32 minor;
};

struct bpf_raw_tracepoint_args {
  u64 args[0];
};

struct bpf_perf_event_data;
struct pt_regs;

#define XDP_PASS 2
#define SK_PASS 1
