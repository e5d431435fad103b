import { execFileSync } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import type { TestContext } from "node:test";
import { deviceIndex, Namespace, setNamespace, unshare } from "../../src/sys/index.ts";
import { addAddress, addVeth, inNetns, removeDevice, setUp } from "./network.ts";
import { ping as pingFromHere } from "./ping.ts";

/** A network namespace of the test's own, with both ends of a veth pair. */
export interface TestNetns {
  /** A file below /proc that stands for it, for this process and those that it starts. */
  readonly path: string;
  /** Runs a command inside. */
  run(command: string, ...args: string[]): string;
}

/** The two ends of a veth pair. */
export interface TestVeth {
  /** The end in the test's own (first) namespace, up. */
  readonly name: string;
  readonly ifindex: number;
  /** The end inside the namespace, up. */
  readonly peer: string;
  readonly peerIfindex: number;
  /** Addresses: 10.199.N.1 outside, 10.199.N.2 inside. */
  readonly address: string;
  readonly peerAddress: string;
}

/** A network namespace with its loopback up. It ends after the test, and with it every device inside. */
export function withNetns(t: Pick<TestContext, "after">): TestNetns {
  const own = openSync("/proc/thread-self/ns/net", "r");
  let fd: number;
  try {
    unshare(Namespace.CLONE_NEWNET);
    fd = openSync("/proc/thread-self/ns/net", "r");
    setUp("lo");
  } finally {
    setNamespace(own, Namespace.CLONE_NEWNET);
    closeSync(own);
  }
  t.after(() => closeSync(fd));
  const path = `/proc/${process.pid}/fd/${fd}`;
  const run = (command: string, ...args: string[]): string =>
    inNetns(path, () => execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }));
  return { path, run };
}

/** A veth pair between the test's namespace and a new one, both ends up with addresses. */
export function withVeth(t: Pick<TestContext, "after">): TestVeth & { readonly netns: TestNetns } {
  const netns = withNetns(t);
  // By chance, because a container's tests may run beside these, with the same process ids and in the same network.
  const name = `bt${randomBytes(5).toString("hex")}`;
  const network = `10.${randomInt(192, 200)}.${randomInt(256)}`;
  const peer = "peer0";
  const address = `${network}.1`;
  const peerAddress = `${network}.2`;
  const fd = openSync(netns.path, "r");
  try {
    addVeth(name, { name: peer, netns: fd });
  } finally {
    closeSync(fd);
  }
  t.after(() => {
    // The end of the namespace takes both ends with it, sooner or later.
    try {
      removeDevice(name);
    } catch {}
  });
  addAddress(name, address);
  setUp(name);
  const peerIfindex = inNetns(netns.path, () => {
    addAddress(peer, peerAddress);
    setUp(peer);
    return deviceIndex(peer) as number;
  });
  return { name, ifindex: deviceIndex(name) as number, peer, peerIfindex, address, peerAddress, netns };
}

/** One echo request from the far end of a veth pair to the near one, and its answer. */
export function ping({ netns, address }: TestVeth & { readonly netns: TestNetns }): void {
  inNetns(netns.path, () => pingFromHere(address));
}

/** Removes the far end of a veth pair, and with it the near one. */
export function removePeer({ netns, peer }: TestVeth & { readonly netns: TestNetns }): void {
  inNetns(netns.path, () => removeDevice(peer));
}
