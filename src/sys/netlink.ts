import { SyscallError } from "../errors/index.ts";
import { addFlags, Bytes, checkI32, checkU16, checkU32, lookUp, textUntilNul } from "../layout/index.ts";
import { NlFlag, NlMessage, Nlmsghdr } from "../uapi/index.ts";
import { beginCall, placeBytes, placeRoom, placeU32s } from "./call-buffer.ts";
import { syscall } from "./ffi.ts";
import { closeFd } from "./owned-fd.ts";
import { fail } from "./permission.ts";

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0x80000;
const NETLINK_ROUTE = 0;
const SOL_NETLINK = 270;
const NETLINK_EXT_ACK = 11;
/** The kernel sends up to 32 KiB in one datagram if the reader's buffer is that large. */
const ANSWER_SIZE = 32 * 1024;
/**
 * The bits of an attribute's type field that contain the type. The two other bits are flags: nested, and network byte
 * order.
 */
const TYPE_MASK = 0x3fff;
const NLA_F_NESTED = 0x8000;
const NLMSGERR_ATTR_MSG = 1;

/** An attribute of a netlink message. Its content is bytes, a 32-bit number, a text, or other attributes. */
export type NetlinkAttribute = readonly [
  type: number,
  value: Uint8Array | number | string | readonly NetlinkAttribute[],
];

/** A message for the kernel's routing sockets (rtnetlink(7)). */
export interface RouteRequest {
  /** The type of the message. Errors show it as the name of the call. */
  readonly type:
    | "RTM_NEWLINK"
    | "RTM_DELLINK"
    | "RTM_GETLINK"
    | "RTM_SETLINK"
    | "RTM_NEWADDR"
    | "RTM_NEWQDISC"
    | "RTM_DELQDISC"
    | "RTM_GETQDISC"
    | "RTM_NEWTCLASS"
    | "RTM_GETTCLASS"
    | "RTM_NEWTFILTER"
    | "RTM_DELTFILTER"
    | "RTM_GETTFILTER";
  readonly flags?: number | undefined;
  /** The struct after the message header, such as `struct tcmsg`. */
  readonly header: DataView;
  readonly attributes?: readonly NetlinkAttribute[] | undefined;
}

/**
 * Sends a request in the calling thread's network namespace. Returns the kernel's answers, each without its message
 * header. Throws SyscallError. If the kernel sent an error message, the error's hint is this message.
 */
export function routeRequest(request: RouteRequest): Uint8Array[] {
  return exchange(request).messages;
}

/**
 * How often {@link routeDump} tries to get a list that did not change while it was sent. After the last try it returns
 * the list as it is: an object may be missing, or may be listed twice.
 */
const MOST_TRIES = 8;

/**
 * Lists objects by a request with NLM_F_DUMP. If a list changed while the kernel sent it, the kernel marks the list,
 * and this function asks again.
 */
export function routeDump(request: Omit<RouteRequest, "flags">): Uint8Array[] {
  for (let tries = 1; ; tries++) {
    const { messages, isInterrupted } = exchange({ ...request, flags: NlFlag.NLM_F_DUMP });
    if (!isInterrupted || tries === MOST_TRIES) return messages;
  }
}

/** All answers to one request. */
interface Exchange {
  readonly messages: Uint8Array[];
  /** True if the list changed while the kernel sent it. */
  readonly isInterrupted: boolean;
}

function exchange(request: RouteRequest): Exchange {
  const socket = syscall("socket", AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_ROUTE);
  if (socket < 0) throw fail("socket(AF_NETLINK)", -socket);
  try {
    beginCall();
    syscall("setsockopt", socket, SOL_NETLINK, NETLINK_EXT_ACK, placeU32s([1]), 4);
    beginCall();
    const message = encodeRequest(request);
    const sent = syscall("write", socket, placeBytes(message), message.length);
    if (sent < 0) throw fail(request.type, -sent);
    return readAnswers(socket, request.type);
  } finally {
    closeFd(socket);
  }
}

function encodeRequest({ type, flags = 0, header, attributes = [] }: RouteRequest): Uint8Array {
  const rest = encodeAttributes(attributes);
  const length = Nlmsghdr.size + header.byteLength + rest.length;
  const message = new Uint8Array(length);
  Nlmsghdr.fill(new DataView(message.buffer), 0, {
    nlmsg_len: length,
    nlmsg_type: lookUp(NlMessage, type, "rtnetlink message"),
    nlmsg_flags: addFlags(flags, NlFlag.NLM_F_REQUEST | NlFlag.NLM_F_ACK, "flags"),
    nlmsg_seq: 1,
  });
  message.set(new Uint8Array(header.buffer, header.byteOffset, header.byteLength), Nlmsghdr.size);
  message.set(rest, Nlmsghdr.size + header.byteLength);
  return message;
}

/** Encodes attributes one after another, each aligned to four bytes. */
export function encodeAttributes(attributes: readonly NetlinkAttribute[]): Uint8Array {
  const parts = attributes.map(([type, value]) => {
    const isNested = typeof value === "object" && !(value instanceof Uint8Array);
    return {
      type: checkU16(isNested ? addFlags(type, NLA_F_NESTED, "attribute type") : type, "attribute type"),
      payload: isNested ? encodeAttributes(value) : bytesOf(value, `attribute ${type}`),
    };
  });
  const bytes = new Uint8Array(parts.reduce((sum, { payload }) => sum + 4 + aligned(payload.length), 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { type, payload } of parts) {
    view.setUint16(at, checkU16(4 + payload.length, `length of attribute ${type}`), true);
    view.setUint16(at + 2, type, true);
    bytes.set(payload, at + 4);
    at += 4 + aligned(payload.length);
  }
  return bytes;
}

function bytesOf(value: Uint8Array | number | string, field: string): Uint8Array {
  if (typeof value === "string") return new TextEncoder().encode(`${value}\0`);
  if (typeof value !== "number") return value;
  const bytes = new Uint8Array(4);
  // The number can be negative: the fd -1 detaches a program.
  new DataView(bytes.buffer).setUint32(0, value < 0 ? checkI32(value, field) : checkU32(value, field), true);
  return bytes;
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}

/** Parses attributes into a map by type. Skips incomplete attributes. */
export function parseAttributes(bytes: Uint8Array): Map<number, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Map<number, Uint8Array>();
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > bytes.length) break;
    found.set(view.getUint16(at + 2, true) & TYPE_MASK, bytes.subarray(at + 4, at + length));
    at += aligned(length);
  }
  return found;
}

/** Reads answers until the kernel marks the end. Each message may come in a separate datagram. */
function readAnswers(socket: number, call: string): Exchange {
  const messages: Uint8Array[] = [];
  let isInterrupted = false;
  for (;;) {
    beginCall();
    const room = placeRoom(ANSWER_SIZE);
    const length = syscall("read", socket, room.address, ANSWER_SIZE);
    if (length < 0) throw fail(call, -length);
    const answers = parseRouteAnswers(room.bytes.slice(0, length));
    messages.push(...answers.messages);
    isInterrupted ||= answers.isInterrupted;
    if (answers.end !== undefined) {
      const { errno, sentence } = answers.end;
      if (errno === 0) return { messages, isInterrupted };
      if (sentence === undefined) throw fail(call, errno, { needs: ["CAP_NET_ADMIN"] });
      throw new SyscallError({ call, errno, hint: `the kernel says: ${sentence}` });
    }
  }
}

/** The content of one datagram from the kernel. */
export interface RouteAnswers {
  /** The messages, each without its header. */
  readonly messages: readonly Uint8Array[];
  /**
   * Set if this datagram ends the answers: an errno (0 for success), and the kernel's error message if it sent one.
   * Undefined if another datagram follows.
   */
  readonly end: { readonly errno: number; readonly sentence: string | undefined } | undefined;
  /** True if the list changed while the kernel sent it. */
  readonly isInterrupted: boolean;
}

const SOURCE = "the answer of a netlink socket";

/** Parses a datagram of netlink messages. Throws FormatError if a message does not fit the datagram. */
export function parseRouteAnswers(datagram: Uint8Array): RouteAnswers {
  const bytes = new Bytes(datagram, SOURCE);
  const messages: Uint8Array[] = [];
  let isInterrupted = false;
  let at = 0;
  do {
    bytes.check(at, Nlmsghdr.size, "a message's header");
    const { nlmsg_len, nlmsg_type, nlmsg_flags } = Nlmsghdr.view(bytes.view, at);
    if (nlmsg_len < Nlmsghdr.size) throw bytes.error(at, `a message of ${nlmsg_len} bytes is shorter than its header`);
    const message = bytes.slice(at, nlmsg_len, "a message").subarray(Nlmsghdr.size);
    if (nlmsg_type === NlMessage.NLMSG_ERROR) return { messages, end: parseError(message, nlmsg_flags), isInterrupted };
    if ((nlmsg_flags & NlFlag.NLM_F_DUMP_INTR) !== 0) isInterrupted = true;
    if (nlmsg_type === NlMessage.NLMSG_DONE) {
      return { messages, end: { errno: 0, sentence: undefined }, isInterrupted };
    }
    messages.push(message);
    at += aligned(nlmsg_len);
  } while (at < bytes.length);
  return { messages, end: undefined, isInterrupted };
}

/**
 * Parses `struct nlmsgerr`: a negative errno, the header of the request or the whole request, and an error message if
 * the kernel sent one.
 */
function parseError(message: Uint8Array, flags: number): { errno: number; sentence: string | undefined } {
  const bytes = new Bytes(message, SOURCE);
  const errno = -bytes.i32(0, "an errno");
  if (errno === 0 || (flags & NlFlag.NLM_F_ACK_TLVS) === 0) return { errno: Math.abs(errno), sentence: undefined };
  const request = (flags & NlFlag.NLM_F_CAPPED) === 0 ? bytes.u32(4, "the request's length") : Nlmsghdr.size;
  const sentence = parseAttributes(message.subarray(4 + aligned(request))).get(NLMSGERR_ATTR_MSG);
  return { errno, sentence: sentence && textUntilNul(sentence) };
}
