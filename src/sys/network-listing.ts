import { Bytes, textUntilNul } from "../layout/index.ts";
import { IfAttribute, Ifinfomsg, TcAttribute, Tcmsg, XdpAttached } from "../uapi/index.ts";
import { parseAttributes, routeDump } from "./netlink.ts";

// These functions list the network devices and tc objects of the calling thread's network namespace. They send dump
// requests to the kernel's routing socket (rtnetlink(7)).

/** A network device. */
export interface NetDevice {
  readonly ifindex: number;
  readonly name: string;
  /** The XDP programs of the device. A device can have one program for each mode. */
  readonly xdp: readonly XdpProgram[];
}

/** An XDP program of a device. */
export interface XdpProgram {
  readonly mode: "generic" | "driver" | "offload";
  readonly prog_id: number;
}

/** A queueing discipline of a device, or one of its classes. */
export interface TcNode {
  readonly ifindex: number;
  /** The kind, such as `clsact`. For a class, this is the kind of its queueing discipline. */
  readonly kind: string | undefined;
  readonly handle: number;
}

/** A tc filter of the kind `bpf`. */
export interface TcBpfFilter {
  readonly priority: number;
  readonly handle: number;
  readonly name: string | undefined;
  readonly prog_id: number | undefined;
  /** The `bpf` actions that run if the filter matches. Undefined if the filter has no actions. */
  readonly actions: readonly TcBpfAction[] | undefined;
}

/** A tc action of the kind `bpf`. */
export interface TcBpfAction {
  readonly name: string | undefined;
  readonly prog_id: number | undefined;
}

const AF_PACKET = 17;

/** Lists the network devices. */
export function netDevices(): NetDevice[] {
  return routeDump({ type: "RTM_GETLINK", header: Ifinfomsg.alloc({ ifi_family: AF_PACKET }) }).map(parseNetDevice);
}

/** Lists the queueing disciplines of all devices. */
export function tcDisciplines(): TcNode[] {
  return routeDump({ type: "RTM_GETQDISC", header: Tcmsg.alloc({}) }).map(parseTcNode);
}

/** Lists the classes of all queueing disciplines of a device. */
export function tcClasses(ifindex: number): TcNode[] {
  return routeDump({ type: "RTM_GETTCLASS", header: Tcmsg.alloc({ tcm_ifindex: ifindex }) }).map(parseTcNode);
}

/** Lists the `bpf` filters of a queueing discipline, of a class, or of the ingress or egress side of clsact. */
export function tcBpfFilters(ifindex: number, parent: number): TcBpfFilter[] {
  return routeDump({
    type: "RTM_GETTFILTER",
    header: Tcmsg.alloc({ tcm_ifindex: ifindex, tcm_parent: parent }),
  }).flatMap((message) => parseTcBpfFilter(message) ?? []);
}

/** Parses an answer to RTM_GETLINK. */
export function parseNetDevice(message: Uint8Array): NetDevice {
  const { view, attributes } = split(message, Ifinfomsg.size);
  const name = attributes.get(IfAttribute.IFLA_IFNAME);
  return {
    ifindex: Ifinfomsg.view(view).ifi_index,
    name: name === undefined ? "" : textUntilNul(name),
    xdp: parseXdp(attributes.get(IfAttribute.IFLA_XDP)),
  };
}

const a = IfAttribute;
const MODES = [
  { mode: "generic", attached: XdpAttached.XDP_ATTACHED_SKB, id: a.IFLA_XDP_SKB_PROG_ID },
  { mode: "driver", attached: XdpAttached.XDP_ATTACHED_DRV, id: a.IFLA_XDP_DRV_PROG_ID },
  { mode: "offload", attached: XdpAttached.XDP_ATTACHED_HW, id: a.IFLA_XDP_HW_PROG_ID },
] as const;

function parseXdp(nested: Uint8Array | undefined): XdpProgram[] {
  if (nested === undefined) return [];
  const attributes = parseAttributes(nested);
  const attached = attributes.get(a.IFLA_XDP_ATTACHED)?.[0];
  const isMulti = attached === XdpAttached.XDP_ATTACHED_MULTI;
  return MODES.flatMap((one) => {
    if (!isMulti && attached !== one.attached) return [];
    const prog_id = number(attributes.get(isMulti ? one.id : a.IFLA_XDP_PROG_ID));
    return prog_id === undefined ? [] : [{ mode: one.mode, prog_id }];
  });
}

/** Parses an answer to RTM_GETQDISC or RTM_GETTCLASS. */
export function parseTcNode(message: Uint8Array): TcNode {
  const { view, attributes } = split(message, Tcmsg.size);
  const { tcm_ifindex, tcm_handle } = Tcmsg.view(view);
  return { ifindex: tcm_ifindex, kind: text(attributes.get(TcAttribute.TCA_KIND)), handle: tcm_handle };
}

/** Parses an answer to RTM_GETTFILTER. Returns undefined if it is not a filter of the kind `bpf`. */
export function parseTcBpfFilter(message: Uint8Array): TcBpfFilter | undefined {
  const { view, attributes } = split(message, Tcmsg.size);
  // The kernel also sends one message without options for each priority. It stands for all filters of this priority, so
  // skip it.
  const options = attributes.get(TcAttribute.TCA_OPTIONS);
  if (options === undefined || text(attributes.get(TcAttribute.TCA_KIND)) !== "bpf") return undefined;
  const { tcm_info, tcm_handle } = Tcmsg.view(view);
  const bpf = parseAttributes(options);
  const actions = bpf.get(TcAttribute.TCA_BPF_ACT);
  return {
    priority: tcm_info >>> 16,
    handle: tcm_handle,
    name: text(bpf.get(TcAttribute.TCA_BPF_NAME)),
    prog_id: number(bpf.get(TcAttribute.TCA_BPF_ID)),
    actions: actions && [...parseAttributes(actions).values()].flatMap((action) => parseBpfAction(action) ?? []),
  };
}

function parseBpfAction(bytes: Uint8Array): TcBpfAction | undefined {
  const action = parseAttributes(bytes);
  const options = action.get(TcAttribute.TCA_ACT_OPTIONS);
  if (options === undefined || text(action.get(TcAttribute.TCA_ACT_KIND)) !== "bpf") return undefined;
  const bpf = parseAttributes(options);
  return {
    name: text(bpf.get(TcAttribute.TCA_ACT_BPF_NAME)),
    prog_id: number(bpf.get(TcAttribute.TCA_ACT_BPF_ID)),
  };
}

const SOURCE = "a message of a netlink socket";

function split(message: Uint8Array, header: number): { view: DataView; attributes: Map<number, Uint8Array> } {
  const bytes = new Bytes(message, SOURCE);
  bytes.check(0, header, "the message's struct");
  return { view: bytes.view, attributes: parseAttributes(message.subarray(header)) };
}

function number(bytes: Uint8Array | undefined): number | undefined {
  return bytes && new Bytes(bytes, SOURCE).u32(0, "a number");
}

function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes && textUntilNul(bytes);
}
