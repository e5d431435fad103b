// A child process that makes the hooks of cgroups fire. It has its own network namespace. For each message { cgroup,
// actions } from the parent, it enters the cgroup, carries out the actions and returns to the root cgroup. All of this
// runs on the main thread, because only this thread is in the network namespace.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cgroup2Mount, closeFd, Namespace, unshare } from "../../src/sys/index.ts";

const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
const libc = koffi.load(null);
const c = {
  socket: libc.func("int socket(int, int, int)"),
  bind: libc.func("int bind(int, void *, uint32_t)"),
  connect: libc.func("int connect(int, void *, uint32_t)"),
  listen: libc.func("int listen(int, int)"),
  accept: libc.func("int accept(int, void *, void *)"),
  sendto: libc.func("int64_t sendto(int, void *, size_t, int, void *, uint32_t)"),
  recvfrom: libc.func("int64_t recvfrom(int, void *, size_t, int, void *, void *)"),
  getsockname: libc.func("int getsockname(int, void *, void *)"),
  getpeername: libc.func("int getpeername(int, void *, void *)"),
  setsockopt: libc.func("int setsockopt(int, int, int, void *, uint32_t)"),
  getsockopt: libc.func("int getsockopt(int, int, int, void *, void *)"),
  ioctl: libc.func("int ioctl(int, uint64_t, void *)"),
};

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_RCVTIMEO = 20;
const RECEIVE_SECONDS = 20n;
const SIOCSIFFLAGS = 0x8914;
const IFF_UP = 1;

function done(name: string, result: number | bigint): number {
  if (result < 0) throw new Error(`${name}: errno ${koffi.errno()}`);
  return Number(result);
}

type Family = typeof AF_UNIX | typeof AF_INET | typeof AF_INET6;

/**
 * Returns a loopback address with any port. For unix sockets, returns a name in the abstract namespace, which belongs
 * to the network namespace.
 */
function loopback(family: Family, name = "server"): Uint8Array {
  if (family === AF_UNIX) return Buffer.concat([Buffer.from([AF_UNIX, 0, 0]), Buffer.from(name)]);
  const address = new Uint8Array(family === AF_INET ? 16 : 28);
  address[0] = family;
  if (family === AF_INET) address.set([127, 0, 0, 1], 4);
  else address[23] = 1;
  return address;
}

/** Returns the address that getsockname or getpeername reports. */
function nameOf(call: "getsockname" | "getpeername", fd: number): Uint8Array {
  const address = new Uint8Array(110);
  const length = Uint32Array.of(address.length);
  done(call, c[call](fd, address, length));
  return address.slice(0, length[0]);
}

function bound(family: Family, type: number, name?: string): number {
  const fd = done("socket", c.socket(family, type, 0));
  const address = loopback(family, name);
  done("bind", c.bind(fd, address, address.length));
  return fd;
}

function datagram(family: Family): void {
  const receiver = bound(family, SOCK_DGRAM, "receiver");
  const sender = bound(family, SOCK_DGRAM, "sender");
  const to = nameOf("getsockname", receiver);
  // If the datagram does not arrive, fail instead of waiting for ever.
  done("setsockopt", c.setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, BigInt64Array.of(RECEIVE_SECONDS, 0n), 16));
  done("sendto", c.sendto(sender, Buffer.from("x"), 1, 0, to, to.length));
  const from = new Uint8Array(110);
  done("recvfrom", c.recvfrom(receiver, Buffer.alloc(1), 1, 0, from, Uint32Array.of(from.length)));
  closeFd(sender);
  closeFd(receiver);
}

function stream(family: Family): void {
  const server = bound(family, SOCK_STREAM, "server");
  done("listen", c.listen(server, 1));
  const to = nameOf("getsockname", server);
  const client = done("socket", c.socket(family, SOCK_STREAM, 0));
  done("connect", c.connect(client, to, to.length));
  const accepted = done("accept", c.accept(server, null, null));
  nameOf("getpeername", client);
  for (const fd of [accepted, client, server]) closeFd(fd);
}

const ACTIONS: Readonly<Record<string, () => void>> = {
  socket: () => closeFd(done("socket", c.socket(AF_INET, SOCK_DGRAM, 0))),
  datagrams: () => {
    for (const family of [AF_INET, AF_INET6, AF_UNIX] as const) datagram(family);
  },
  streams: () => {
    for (const family of [AF_INET, AF_INET6, AF_UNIX] as const) stream(family);
  },
  options: () => {
    const fd = done("socket", c.socket(AF_INET, SOCK_DGRAM, 0));
    done("setsockopt", c.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, Uint32Array.of(1), 4));
    done("getsockopt", c.getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, new Uint32Array(1), Uint32Array.of(4)));
    closeFd(fd);
  },
  device: () => writeFileSync("/dev/null", "x"),
  sysctl: () => void readFileSync("/proc/sys/kernel/ostype"),
};

unshare(Namespace.CLONE_NEWNET);
const request = new Uint8Array(40);
request.set(Buffer.from("lo"));
request[16] = IFF_UP;
const fd = done("socket", c.socket(AF_INET, SOCK_DGRAM, 0));
done("ioctl", c.ioctl(fd, SIOCSIFFLAGS, request));
closeFd(fd);
const root = cgroup2Mount();

process.on("message", ({ cgroup, actions }: { cgroup: string; actions: readonly string[] }) => {
  try {
    writeFileSync(`${cgroup}/cgroup.procs`, "0");
    for (const name of actions.length > 0 ? actions : Object.keys(ACTIONS)) ACTIONS[name]?.();
    process.send?.({});
  } catch (error) {
    process.send?.({ problem: (error as Error).message });
  } finally {
    writeFileSync(`${root}/cgroup.procs`, "0");
  }
});
