import { execFileSync } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import type { TestContext } from "node:test";
import { deviceIndex, Namespace, setNamespace, unshare } from "../../src/sys/index.ts";
import { addAddress, addVeth, inNetns, removeDevice, setUp } from "./network.ts";
import { ping as pingFromHere } from "./ping.ts";

/** A network namespace that was made for one test. */
export interface TestNetns {
  /** A path in /proc that refers to the namespace. This process and its child processes can open it. */
  readonly path: string;
  /** Runs a command in the namespace and returns its output. */
  run(command: string, ...args: string[]): string;
}

/** The two ends of a veth pair. */
export interface TestVeth {
  /** The end in the test's own namespace. */
  readonly name: string;
  readonly ifindex: number;
  /** The end in the new namespace. */
  readonly peer: string;
  readonly peerIfindex: number;
  /** The IPv4 address of the end in the test's own namespace. `peerAddress` is that of the other end. */
  readonly address: string;
  readonly peerAddress: string;
}

/**
 * Makes a network namespace and turns on its loopback device. After the test, the kernel removes the namespace with all
 * devices in it.
 */
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

/** Makes a veth pair between the test's own namespace and a new one. Both ends are up and have addresses. */
export function withVeth(t: Pick<TestContext, "after">): TestVeth & { readonly netns: TestNetns } {
  const netns = withNetns(t);
  // Use random names and addresses: tests in a container may run at the same time, with the same process ids and in the
  // same network.
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
    // The device may be gone already, because the kernel removes both ends together with the namespace.
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

/** Sends an ICMP echo request from the new namespace to the test's own namespace, and waits for the answer. */
export function ping({ netns, address }: TestVeth & { readonly netns: TestNetns }): void {
  inNetns(netns.path, () => pingFromHere(address));
}

/** Removes the end in the new namespace. The kernel then removes the other end too. */
export function removePeer({ netns, peer }: TestVeth & { readonly netns: TestNetns }): void {
  inNetns(netns.path, () => removeDevice(peer));
}
