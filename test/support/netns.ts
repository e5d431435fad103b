import { type ExecFileSyncOptions, execFileSync } from "node:child_process";
import type { TestContext } from "node:test";

/** A network namespace of the test's own, with both ends of a veth pair. */
export interface TestNetns {
  /** Its name for `ip netns`. */
  readonly name: string;
  /** `/run/netns/<name>`: to open for a netns link. */
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

const OPTIONS: ExecFileSyncOptions = { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] };
let count = 0;

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, OPTIONS) as string;
}

/** A network namespace with its loopback up; deleted after the test, and with it every device inside. */
export function withNetns(t: Pick<TestContext, "after">): TestNetns {
  count += 1;
  const name = `bpfts-${process.pid}-${count}`;
  run("ip", "netns", "add", name);
  t.after(() => {
    run("ip", "netns", "del", name);
  });
  const netns: TestNetns = {
    name,
    path: `/run/netns/${name}`,
    run: (command, ...args) => run("ip", "netns", "exec", name, command, ...args),
  };
  netns.run("ip", "link", "set", "lo", "up");
  return netns;
}

/** A veth pair between the test's namespace and a new one, both ends up with addresses. */
export function withVeth(t: Pick<TestContext, "after">): TestVeth & { readonly netns: TestNetns } {
  const netns = withNetns(t);
  const number = ((process.pid * 7 + count) % 250) + 1;
  const name = `bt${process.pid % 100000}x${count}`;
  const peer = "peer0";
  const address = `10.199.${number}.1`;
  const peerAddress = `10.199.${number}.2`;
  run("ip", "link", "add", name, "type", "veth", "peer", "name", peer, "netns", netns.name);
  t.after(() => {
    // The namespace's end takes the other with it, unless the test did so already.
    try {
      run("ip", "link", "del", name);
    } catch {}
  });
  run("ip", "addr", "add", `${address}/24`, "dev", name);
  run("ip", "link", "set", name, "up");
  netns.run("ip", "addr", "add", `${peerAddress}/24`, "dev", peer);
  netns.run("ip", "link", "set", peer, "up");
  const ifindex = Number(run("cat", `/sys/class/net/${name}/ifindex`));
  const peerIfindex = Number(netns.run("cat", `/sys/class/net/${peer}/ifindex`));
  return { name, ifindex, peer, peerIfindex, address, peerAddress, netns };
}

/** One echo request from the far end of a veth pair to the near one, and its answer. */
export function ping({ netns, address }: TestVeth & { readonly netns: TestNetns }): void {
  netns.run("busybox", "ping", "-c", "1", "-W", "1", address);
}
