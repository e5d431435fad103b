import { statSync } from "node:fs";
import { Errno } from "../errors/index.ts";
import { checkI32, textUntilNul } from "../layout/index.ts";
import { beginCall, placeRoom } from "./call-buffer.ts";
import { syscall } from "./ffi.ts";
import { closeFd } from "./owned-fd.ts";
import { fail } from "./permission.ts";

/** The two numbers by which the kernel's info structs identify a network namespace. */
export interface NetnsPlace {
  readonly netns_dev: bigint;
  readonly netns_ino: bigint;
}

/**
 * Returns the name of the network device with this index in the calling thread's namespace. Returns undefined if there
 * is no such device, or if `place` is another namespace.
 */
export function deviceName(ifindex: number, place?: NetnsPlace): string | undefined {
  if (ifindex === 0 || (place !== undefined && !isHere(place))) return undefined;
  const answer = askByIndex(ifindex);
  return answer === undefined ? undefined : textUntilNul(new Uint8Array(answer.buffer, answer.byteOffset, IFNAMSIZ));
}

function isHere({ netns_dev, netns_ino }: NetnsPlace): boolean {
  const { dev, ino } = statSync("/proc/self/ns/net", { bigint: true });
  return dev === netns_dev && ino === netns_ino;
}

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
const DEVICE_IOCTL = { SIOCGIFNAME: 0x8910, SIOCGIFINDEX: 0x8933 } as const;
/** The size of struct ifreq: a name of 16 bytes, then a union. This file uses only the int in the union. */
const IFREQ_SIZE = 40;
const IFNAMSIZ = 16;

/**
 * Returns the index of a network device in the calling thread's namespace; undefined if no device has this name. bpf(2)
 * looks up an index in the same namespace.
 */
export function deviceIndex(name: string): number | undefined {
  const text = new TextEncoder().encode(name);
  if (text.length === 0 || text.length >= IFNAMSIZ || text.includes(0)) return undefined;
  const request = new Uint8Array(IFREQ_SIZE);
  request.set(text);
  return askDevice("SIOCGIFINDEX", request)?.getInt32(IFNAMSIZ, true);
}

/** Returns true if the calling thread's namespace has a network device with this index. */
export function hasDevice(ifindex: number): boolean {
  return askByIndex(ifindex) !== undefined;
}

function askByIndex(ifindex: number): DataView | undefined {
  const request = new Uint8Array(IFREQ_SIZE);
  new DataView(request.buffer).setInt32(IFNAMSIZ, checkI32(ifindex, "ifindex"), true);
  return askDevice("SIOCGIFNAME", request);
}

/** Runs an ioctl and returns the `struct ifreq` that it filled; undefined if there is no such device. */
function askDevice(name: keyof typeof DEVICE_IOCTL, request: Uint8Array): DataView | undefined {
  const socket = syscall("socket", AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (socket < 0) throw fail("socket", -socket);
  try {
    beginCall();
    const { address, bytes } = placeRoom(IFREQ_SIZE);
    bytes.set(request);
    const result = syscall("ioctl", socket, DEVICE_IOCTL[name], address);
    if (result === -Errno.ENODEV) return undefined;
    if (result < 0) throw fail(`ioctl(${name})`, -result);
    return new DataView(bytes.buffer, bytes.byteOffset, IFREQ_SIZE);
  } finally {
    closeFd(socket);
  }
}
