/** Return values of an XDP program: they decide what happens to the packet (`enum xdp_action`). */
export const XdpAction = {
  XDP_ABORTED: 0,
  XDP_DROP: 1,
  XDP_PASS: 2,
  XDP_TX: 3,
  XDP_REDIRECT: 4,
} as const;
export type XdpAction = number;

/**
 * Return values of a sched_cls or sched_act program. `run()` returns an unsigned number, so compare it with
 * `TcAction.TC_ACT_UNSPEC >>> 0`.
 */
export const TcAction = {
  TC_ACT_UNSPEC: -1,
  TC_ACT_OK: 0,
  TC_ACT_RECLASSIFY: 1,
  TC_ACT_SHOT: 2,
  TC_ACT_PIPE: 3,
  TC_ACT_STOLEN: 4,
  TC_ACT_QUEUED: 5,
  TC_ACT_REPEAT: 6,
  TC_ACT_REDIRECT: 7,
  TC_ACT_TRAP: 8,
} as const;
export type TcAction = number;

/** Return values of a sched_cls program at a tcx hook. TCX_NEXT runs the next program (`enum tcx_action_base`). */
export const TcxAction = {
  TCX_NEXT: -1,
  TCX_PASS: 0,
  TCX_DROP: 2,
  TCX_REDIRECT: 7,
} as const;
export type TcxAction = number;

/** Return values of a sched_cls program at a netkit device (`enum netkit_action`). */
export const NetkitAction = {
  NETKIT_NEXT: -1,
  NETKIT_PASS: 0,
  NETKIT_DROP: 2,
  NETKIT_REDIRECT: 7,
} as const;
export type NetkitAction = number;

/** Return values of sk_skb, sk_msg, sk_reuseport and sk_lookup programs (`enum sk_action`). */
export const SkAction = {
  SK_DROP: 0,
  SK_PASS: 1,
} as const;
export type SkAction = number;

/** Return values of a netfilter program. The kernel accepts no other verdicts from BPF. */
export const NetfilterVerdict = {
  NF_DROP: 0,
  NF_ACCEPT: 1,
} as const;
export type NetfilterVerdict = number;
