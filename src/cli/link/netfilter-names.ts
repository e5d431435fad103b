// NFPROTO_* and the hooks of each protocol, include/uapi/linux/netfilter.h and netfilter_arp.h.

const PROTOCOLS = new Map([
  [1, "inet"],
  [2, "ip"],
  [3, "arp"],
  [5, "netdev"],
  [7, "bridge"],
  [10, "ip6"],
]);
const INET_HOOKS = ["prerouting", "input", "forward", "output", "postrouting"];
const ARP_HOOKS = ["input", "output"];

/** The name of a protocol family of netfilter. */
export function netfilterProtocolName(pf: number): string | undefined {
  return PROTOCOLS.get(pf);
}

/** The name of a hook of a protocol family; bridge shares the numbers of inet. */
export function netfilterHookName(pf: number, hook: number): string | undefined {
  switch (PROTOCOLS.get(pf)) {
    case "inet":
    case "ip":
    case "ip6":
    case "bridge":
      return INET_HOOKS[hook];
    case "arp":
      return ARP_HOOKS[hook];
    default:
      return undefined;
  }
}
