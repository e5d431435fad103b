// Makes and changes network devices by the kernel's routing socket (rtnetlink), so that no test needs ip(8).
import { closeSync, openSync } from "node:fs";
import { textUntilNul } from "../../src/layout/index.ts";
import {
  deviceIndex,
  Namespace,
  type NetlinkAttribute,
  parseAttributes,
  routeRequest,
  setNamespace,
} from "../../src/sys/index.ts";
import {
  IfAttribute,
  IfaAttribute,
  Ifaddrmsg,
  Ifinfomsg,
  NlFlag,
  TcAttribute,
  TcHandle,
  Tcmsg,
} from "../../src/uapi/index.ts";

const IFF_UP = 1;
const AF_INET = 2;
const CREATE = NlFlag.NLM_F_CREATE | NlFlag.NLM_F_EXCL;

/**
 * Calls `work` in a network namespace. `work` must not start a thread, because the thread would stay in this namespace.
 */
export function inNetns<T>(path: string, work: () => T): T {
  const own = openSync("/proc/thread-self/ns/net", "r");
  const other = openSync(path, "r");
  try {
    setNamespace(other, Namespace.CLONE_NEWNET);
    try {
      return work();
    } finally {
      setNamespace(own, Namespace.CLONE_NEWNET);
    }
  } finally {
    closeSync(other);
    closeSync(own);
  }
}

/** Makes a network device of a kind such as `netkit`. */
export function addDevice(name: string, kind: string): void {
  const info: readonly NetlinkAttribute[] = [[IfAttribute.IFLA_INFO_KIND, kind]];
  newLink([
    [IfAttribute.IFLA_IFNAME, name],
    [IfAttribute.IFLA_LINKINFO, info],
  ]);
}

/** Makes a veth pair. One end is in this network namespace, the other in the network namespace of an fd. */
export function addVeth(name: string, peer: { readonly name: string; readonly netns: number }): void {
  const peerDevice = Buffer.concat([
    new Uint8Array(Ifinfomsg.size),
    Buffer.from(textAttribute(IfAttribute.IFLA_IFNAME, peer.name)),
    Buffer.from(Uint32Array.of(8 | (IfAttribute.IFLA_NET_NS_FD << 16), peer.netns).buffer),
  ]);
  const data: readonly NetlinkAttribute[] = [[IfAttribute.VETH_INFO_PEER, new Uint8Array(peerDevice)]];
  newLink([
    [IfAttribute.IFLA_IFNAME, name],
    [
      IfAttribute.IFLA_LINKINFO,
      [
        [IfAttribute.IFLA_INFO_KIND, "veth"],
        [IfAttribute.IFLA_INFO_DATA, data],
      ],
    ],
  ]);
}

/** Returns a netlink attribute with a NUL-terminated text, padded to a multiple of four bytes. */
function textAttribute(type: number, text: string): Uint8Array {
  const bytes = new Uint8Array((4 + text.length + 1 + 3) & ~3);
  new DataView(bytes.buffer).setUint32(0, (4 + text.length + 1) | (type << 16), true);
  bytes.set(Buffer.from(text), 4);
  return bytes;
}

function newLink(attributes: readonly NetlinkAttribute[]): void {
  routeRequest({
    type: "RTM_NEWLINK",
    flags: CREATE,
    header: Ifinfomsg.alloc({}),
    attributes,
  });
}

function indexOf(device: string): number {
  const index = deviceIndex(device);
  if (index === undefined) throw new Error(`there is no network device ${device}`);
  return index;
}

export function removeDevice(device: string): void {
  routeRequest({ type: "RTM_DELLINK", header: Ifinfomsg.alloc({ ifi_index: indexOf(device) }) });
}

export function setUp(device: string, { mtu }: { readonly mtu?: number } = {}): void {
  const header = Ifinfomsg.alloc({ ifi_index: indexOf(device), ifi_flags: IFF_UP, ifi_change: IFF_UP });
  const attributes: readonly NetlinkAttribute[] = mtu === undefined ? [] : [[IfAttribute.IFLA_MTU, mtu]];
  routeRequest({ type: "RTM_SETLINK", header, attributes });
}

/** Adds an IPv4 address with the prefix length 24 to a device. */
export function addAddress(device: string, address: string): void {
  const header = Ifaddrmsg.alloc({ ifa_family: AF_INET, ifa_prefixlen: 24, ifa_index: indexOf(device) });
  const bytes = Uint8Array.from(address.split("."), Number);
  const attributes: readonly NetlinkAttribute[] = [
    [IfaAttribute.IFA_LOCAL, bytes],
    [IfaAttribute.IFA_ADDRESS, bytes],
  ];
  routeRequest({ type: "RTM_NEWADDR", flags: CREATE, header, attributes });
}

/** Adds the queueing discipline htb with one class, 1:1, to a device. */
export function addHtb(ifindex: number): void {
  const discipline = { tcm_ifindex: ifindex, tcm_handle: 0x10000, tcm_parent: 0xffffffff };
  // struct tc_htb_glob: version 3, quantum 10.
  const global = new Uint8Array(Uint32Array.of(3, 10, 0, 0, 0).buffer);
  newTraffic("RTM_NEWQDISC", discipline, [[2, global]]);
  // struct tc_htb_opt: a rate and a ceiling of 1,000,000 bytes a second, then the buffers.
  const options = new Uint8Array(44);
  const view = new DataView(options.buffer);
  view.setUint32(8, 1_000_000, true);
  view.setUint32(20, 1_000_000, true);
  view.setUint32(24, 100_000, true);
  view.setUint32(28, 100_000, true);
  newTraffic("RTM_NEWTCLASS", { ...discipline, tcm_handle: 0x10001, tcm_parent: 0x10000 }, [[1, options]]);
}

function newTraffic(
  type: "RTM_NEWQDISC" | "RTM_NEWTCLASS",
  header: Parameters<typeof Tcmsg.alloc>[0],
  options: readonly NetlinkAttribute[],
): void {
  routeRequest({
    type,
    flags: CREATE,
    header: Tcmsg.alloc(header),
    attributes: [
      [TcAttribute.TCA_KIND, "htb"],
      [TcAttribute.TCA_OPTIONS, options],
    ],
  });
}

/** Adds a BPF filter with an action `mirred`, which sends the packets that match to another device. */
export function addFilterWithAction(
  filter: { readonly ifindex: number; readonly parent: number; readonly progFd: number; readonly name: string },
  to: number,
): void {
  // struct tc_mirred: the action TC_ACT_STOLEN (4), TCA_EGRESS_REDIR (1), and the device.
  const mirred = new Uint8Array(Uint32Array.of(0, 0, 4, 0, 0, 1, to).buffer);
  const action: readonly NetlinkAttribute[] = [
    [TcAttribute.TCA_ACT_KIND, "mirred"],
    [TcAttribute.TCA_ACT_OPTIONS, [[2, mirred]]],
  ];
  const options: readonly NetlinkAttribute[] = [
    [TcAttribute.TCA_BPF_ACT, [[1, action]]],
    [TcAttribute.TCA_BPF_FD, filter.progFd],
    [TcAttribute.TCA_BPF_NAME, filter.name],
  ];
  routeRequest({
    type: "RTM_NEWTFILTER",
    flags: CREATE,
    header: Tcmsg.alloc({ tcm_ifindex: filter.ifindex, tcm_parent: filter.parent, tcm_info: 0x20300 }),
    attributes: [
      [TcAttribute.TCA_KIND, "bpf"],
      [TcAttribute.TCA_OPTIONS, options],
    ],
  });
}

/** A BPF filter at the ingress of a device, as the kernel lists it. */
interface ListedFilter {
  readonly priority: number;
  readonly handle: number;
  readonly name: string;
}

/** Returns the BPF filters at the ingress of a device, in the kernel's order. */
export function listFilters(ifindex: number): ListedFilter[] {
  const answers = routeRequest({
    type: "RTM_GETTFILTER",
    flags: NlFlag.NLM_F_DUMP,
    header: Tcmsg.alloc({ tcm_ifindex: ifindex, tcm_parent: TcHandle.TC_H_CLSACT_INGRESS }),
  });
  return answers.flatMap((answer) => {
    const { tcm_info, tcm_handle } = Tcmsg.view(new DataView(answer.buffer, answer.byteOffset, answer.byteLength));
    const options = parseAttributes(answer.subarray(Tcmsg.size)).get(TcAttribute.TCA_OPTIONS);
    const name = options && parseAttributes(options).get(TcAttribute.TCA_BPF_NAME);
    return name === undefined ? [] : [{ priority: tcm_info >>> 16, handle: tcm_handle, name: textUntilNul(name) }];
  });
}
