import { createRequire } from "node:module";
import { isIPv6 } from "node:net";

const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
const libc = koffi.load(null);
const c = {
  socket: libc.func("int socket(int, int, int)"),
  connect: libc.func("int connect(int, void *, uint32_t)"),
  send: libc.func("int64_t send(int, void *, size_t, int)"),
  recv: libc.func("int64_t recv(int, void *, size_t, int)"),
  setsockopt: libc.func("int setsockopt(int, int, int, void *, uint32_t)"),
  close: libc.func("int close(int)"),
};

const SOCK_RAW_CLOEXEC = 3 | 0x80000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const IPV4 = { family: 2, protocol: 1, request: 8, reply: 0 };
const IPV6 = { family: 10, protocol: 58, request: 128, reply: 129 };
let sequence = 0;

/** Sends an ICMP echo request from this thread's network namespace to an address, and waits for the answer. */
export function ping(address: string): void {
  const { family, protocol, request, reply } = isIPv6(address) ? IPV6 : IPV4;
  const socket = done("socket", c.socket(family, SOCK_RAW_CLOEXEC, protocol));
  try {
    done("setsockopt", c.setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, BigInt64Array.of(20n, 0n), 16));
    const place = socketAddress(address, family);
    done("connect", c.connect(socket, place, place.length));
    sequence = (sequence + 1) & 0xffff;
    const message = echo(request, process.pid & 0xffff, sequence);
    done("send", c.send(socket, message, message.length, 0));
    for (;;) {
      const bytes = new Uint8Array(256);
      const length = done("the answer", c.recv(socket, bytes, bytes.length, 0));
      // For IPv4, a raw socket also receives the IP header.
      const start = family === IPV4.family ? ((bytes[0] as number) & 15) * 4 : 0;
      const answer = bytes.subarray(start, length);
      if (answer[0] === reply && Buffer.compare(answer.subarray(4), message.subarray(4)) === 0) return;
    }
  } catch (cause) {
    throw new Error(`no answer from ${address}`, { cause });
  } finally {
    c.close(socket);
  }
}

function done(name: string, result: number | bigint): number {
  if (result < 0) throw new Error(`${name}: errno ${koffi.errno()}`);
  return Number(result);
}

/** Returns a `struct sockaddr_in` or `struct sockaddr_in6`. The only supported IPv6 address is ::1. */
function socketAddress(address: string, family: number): Uint8Array {
  const bytes = new Uint8Array(family === IPV4.family ? 16 : 28);
  bytes[0] = family;
  if (family === IPV4.family) bytes.set(address.split(".").map(Number), 4);
  else if (address === "::1") bytes[23] = 1;
  else throw new Error(`ping() does not support the address ${address}`);
  return bytes;
}

/** Returns an ICMP echo request. For ICMPv6, the kernel computes the checksum. */
function echo(type: number, id: number, number: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setUint8(0, type);
  view.setUint16(4, id);
  view.setUint16(6, number);
  let sum = 0;
  for (let at = 0; at < view.byteLength; at += 2) sum += view.getUint16(at);
  view.setUint16(2, ~((sum & 0xffff) + (sum >>> 16)) & 0xffff);
  return new Uint8Array(view.buffer);
}
