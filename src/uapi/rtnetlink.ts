import { i32, struct, u8, u16, u32 } from "../layout/index.ts";

/** `struct nlmsghdr` (include/uapi/linux/netlink.h): in front of each message of a netlink socket. */
export const Nlmsghdr = struct({
  nlmsg_len: u32,
  nlmsg_type: u16,
  nlmsg_flags: u16,
  nlmsg_seq: u32,
  nlmsg_pid: u32,
});

/** `struct tcmsg` (include/uapi/linux/rtnetlink.h): a queueing discipline or a filter. */
export const Tcmsg = struct({
  tcm_family: u8,
  tcm__pad1: u8,
  tcm__pad2: u16,
  tcm_ifindex: i32,
  tcm_handle: u32,
  tcm_parent: u32,
  tcm_info: u32,
});

/** `struct ifinfomsg` (include/uapi/linux/rtnetlink.h): a network device. */
export const Ifinfomsg = struct({
  ifi_family: u8,
  __ifi_pad: u8,
  ifi_type: u16,
  ifi_index: i32,
  ifi_flags: u32,
  ifi_change: u32,
});

/** `struct ifaddrmsg` (include/uapi/linux/if_addr.h): an address of a network device. */
export const Ifaddrmsg = struct({
  ifa_family: u8,
  ifa_prefixlen: u8,
  ifa_flags: u8,
  ifa_scope: u8,
  ifa_index: u32,
});

/** Types of messages. */
export const NlMessage = {
  NLMSG_ERROR: 2,
  NLMSG_DONE: 3,
  RTM_NEWLINK: 16,
  RTM_DELLINK: 17,
  RTM_GETLINK: 18,
  RTM_SETLINK: 19,
  RTM_NEWADDR: 20,
  RTM_NEWQDISC: 36,
  RTM_DELQDISC: 37,
  RTM_GETQDISC: 38,
  RTM_NEWTCLASS: 40,
  RTM_GETTCLASS: 42,
  RTM_NEWTFILTER: 44,
  RTM_DELTFILTER: 45,
  RTM_GETTFILTER: 46,
} as const;
export type NlMessage = (typeof NlMessage)[keyof typeof NlMessage];

/** Flags of messages. `NLM_F_DUMP_INTR`, `NLM_F_CAPPED` and `NLM_F_ACK_TLVS` are flags of the kernel's answers. */
export const NlFlag = {
  NLM_F_REQUEST: 0x1,
  NLM_F_ACK: 0x4,
  NLM_F_ECHO: 0x8,
  NLM_F_DUMP_INTR: 0x10,
  NLM_F_REPLACE: 0x100,
  NLM_F_EXCL: 0x200,
  NLM_F_DUMP: 0x300,
  NLM_F_CREATE: 0x400,
  NLM_F_CAPPED: 0x100,
  NLM_F_ACK_TLVS: 0x200,
} as const;
export type NlFlag = (typeof NlFlag)[keyof typeof NlFlag];

/** The hooks of the clsact queueing discipline (include/uapi/linux/pkt_sched.h). */
export const TcHandle = {
  TC_H_CLSACT: 0xfffffff1,
  TC_H_CLSACT_INGRESS: 0xfffffff2,
  TC_H_CLSACT_EGRESS: 0xfffffff3,
} as const;
export type TcHandle = (typeof TcHandle)[keyof typeof TcHandle];

/**
 * Attributes of queueing disciplines, classes and filters. TCA_BPF_* are nested in TCA_OPTIONS, TCA_ACT_* in an entry of
 * TCA_BPF_ACT, and TCA_ACT_BPF_* in TCA_ACT_OPTIONS.
 */
export const TcAttribute = {
  TCA_KIND: 1,
  TCA_OPTIONS: 2,
  TCA_BPF_ACT: 1,
  TCA_BPF_FD: 6,
  TCA_BPF_NAME: 7,
  TCA_BPF_FLAGS: 8,
  TCA_BPF_ID: 11,
  TCA_ACT_KIND: 1,
  TCA_ACT_OPTIONS: 2,
  TCA_ACT_BPF_PARMS: 2,
  TCA_ACT_BPF_FD: 5,
  TCA_ACT_BPF_NAME: 6,
  TCA_ACT_BPF_ID: 9,
} as const;
export type TcAttribute = (typeof TcAttribute)[keyof typeof TcAttribute];

/** Flag: the program's return value is the action. */
export const TCA_BPF_FLAG_ACT_DIRECT = 1;

/** Attributes of network devices, and those nested in IFLA_LINKINFO, in IFLA_INFO_DATA of veth and in IFLA_XDP. */
export const IfAttribute = {
  IFLA_IFNAME: 3,
  IFLA_MTU: 4,
  IFLA_LINKINFO: 18,
  IFLA_INFO_KIND: 1,
  IFLA_INFO_DATA: 2,
  VETH_INFO_PEER: 1,
  IFLA_NET_NS_FD: 28,
  IFLA_XDP: 43,
  IFLA_XDP_FD: 1,
  IFLA_XDP_ATTACHED: 2,
  IFLA_XDP_FLAGS: 3,
  IFLA_XDP_PROG_ID: 4,
  IFLA_XDP_DRV_PROG_ID: 5,
  IFLA_XDP_SKB_PROG_ID: 6,
  IFLA_XDP_HW_PROG_ID: 7,
  IFLA_XDP_EXPECTED_FD: 8,
} as const;
export type IfAttribute = (typeof IfAttribute)[keyof typeof IfAttribute];

/** Where the XDP programs of a device run: the values of IFLA_XDP_ATTACHED (include/uapi/linux/if_link.h). */
export const XdpAttached = {
  XDP_ATTACHED_NONE: 0,
  XDP_ATTACHED_DRV: 1,
  XDP_ATTACHED_SKB: 2,
  XDP_ATTACHED_HW: 3,
  XDP_ATTACHED_MULTI: 4,
} as const;
export type XdpAttached = (typeof XdpAttached)[keyof typeof XdpAttached];

/** Attributes of addresses. */
export const IfaAttribute = { IFA_ADDRESS: 1, IFA_LOCAL: 2 } as const;
export type IfaAttribute = (typeof IfaAttribute)[keyof typeof IfaAttribute];
