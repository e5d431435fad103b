import { SyscallError } from "../errors/index.ts";
import { textUntilNul } from "../layout/index.ts";
import { NlFlag, NlMessage, Nlmsghdr } from "../uapi/index.ts";
import { beginCall, placeBytes, placeRoom, placeU32s } from "./arena.ts";
import { syscall } from "./ffi.ts";
import { closeFd } from "./owned-fd.ts";
import { fail } from "./permission.ts";

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0x80000;
const NETLINK_ROUTE = 0;
const SOL_NETLINK = 270;
const NETLINK_EXT_ACK = 11;
const ANSWER_SIZE = 16 * 1024;
/** Bits of an attribute's type that are no part of its number: nested, in network byte order. */
const TYPE_MASK = 0x3fff;
const NLA_F_NESTED = 0x8000;
const NLMSGERR_ATTR_MSG = 1;

/** An attribute of a netlink message: bytes, a number of 32 bits, a text, or attributes of its own. */
export type NetlinkAttribute = readonly [
  type: number,
  value: Uint8Array | number | string | readonly NetlinkAttribute[],
];

/** A message for the kernel's routing sockets (rtnetlink(7)). */
export interface RouteRequest {
  /** For errors: `RTM_NEWTFILTER`. */
  readonly type:
    | "RTM_NEWLINK"
    | "RTM_DELLINK"
    | "RTM_SETLINK"
    | "RTM_NEWADDR"
    | "RTM_NEWQDISC"
    | "RTM_DELQDISC"
    | "RTM_NEWTFILTER"
    | "RTM_DELTFILTER"
    | "RTM_GETTFILTER";
  readonly flags?: number | undefined;
  /** The struct behind the header, such as `struct tcmsg`. */
  readonly header: DataView;
  readonly attributes?: readonly NetlinkAttribute[] | undefined;
}

/**
 * Sends a request in the calling thread's network namespace and returns the messages that answer it, each as the bytes
 * behind its header. Throws SyscallError with the kernel's own sentence as its hint.
 */
export function routeRequest(request: RouteRequest): Uint8Array[] {
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
    nlmsg_type: NlMessage[type],
    nlmsg_flags: flags | NlFlag.NLM_F_REQUEST | NlFlag.NLM_F_ACK,
    nlmsg_seq: 1,
  });
  message.set(new Uint8Array(header.buffer, header.byteOffset, header.byteLength), Nlmsghdr.size);
  message.set(rest, Nlmsghdr.size + header.byteLength);
  return message;
}

/** Attributes one behind the other, each at a multiple of four bytes. */
export function encodeAttributes(attributes: readonly NetlinkAttribute[]): Uint8Array {
  const parts = attributes.map(([type, value]) => {
    const isNested = typeof value === "object" && !(value instanceof Uint8Array);
    return {
      type: isNested ? type | NLA_F_NESTED : type,
      payload: isNested ? encodeAttributes(value) : bytesOf(value),
    };
  });
  const bytes = new Uint8Array(parts.reduce((sum, { payload }) => sum + 4 + aligned(payload.length), 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { type, payload } of parts) {
    view.setUint16(at, 4 + payload.length, true);
    view.setUint16(at + 2, type, true);
    bytes.set(payload, at + 4);
    at += 4 + aligned(payload.length);
  }
  return bytes;
}

function bytesOf(value: Uint8Array | number | string): Uint8Array {
  if (typeof value === "string") return new TextEncoder().encode(`${value}\0`);
  if (typeof value !== "number") return value;
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}

/** The attributes in some bytes by their type; what is torn is left out. */
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

/** Reads until the kernel says that it is done; each of its messages may be a datagram of its own. */
function readAnswers(socket: number, call: string): Uint8Array[] {
  const answers: Uint8Array[] = [];
  for (;;) {
    beginCall();
    const room = placeRoom(ANSWER_SIZE);
    const length = syscall("read", socket, room.address, ANSWER_SIZE);
    if (length < 0) throw fail(call, -length);
    const bytes = room.bytes.slice(0, length);
    const view = new DataView(bytes.buffer);
    for (let at = 0; at + Nlmsghdr.size <= length; ) {
      const { nlmsg_len, nlmsg_type, nlmsg_flags } = Nlmsghdr.view(view, at);
      if (nlmsg_len < Nlmsghdr.size || at + nlmsg_len > length) break;
      const body = bytes.subarray(at + Nlmsghdr.size, at + nlmsg_len);
      if (nlmsg_type === NlMessage.NLMSG_DONE) return answers;
      if (nlmsg_type === NlMessage.NLMSG_ERROR) {
        checkError(body, nlmsg_flags, call);
        return answers;
      }
      answers.push(body);
      at += aligned(nlmsg_len);
    }
  }
}

/** `struct nlmsgerr`: a negative errno, the request's header (or all of it), and maybe a sentence of the kernel's. */
function checkError(body: Uint8Array, flags: number, call: string): void {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const errno = -view.getInt32(0, true);
  if (errno === 0) return;
  const request = (flags & NlFlag.NLM_F_CAPPED) === 0 ? view.getUint32(4, true) : Nlmsghdr.size;
  const hasSentence = (flags & NlFlag.NLM_F_ACK_TLVS) !== 0;
  const sentence = hasSentence
    ? parseAttributes(body.subarray(4 + aligned(request))).get(NLMSGERR_ATTR_MSG)
    : undefined;
  if (sentence === undefined) throw fail(call, errno, { needs: ["CAP_NET_ADMIN"] });
  throw new SyscallError({ call, errno, hint: `the kernel says: ${textUntilNul(sentence)}` });
}
