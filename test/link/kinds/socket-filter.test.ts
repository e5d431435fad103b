import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { openSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { attachReuseport, attachSocketFilter } from "../../../src/link/index.ts";
import { syscall } from "../../../src/sys/ffi.ts";
import { setSocketOption } from "../../../src/sys/index.ts";
import { BpfAttachType, BpfProgType } from "../../../src/uapi/index.ts";
import { owned } from "../../support/cleanup.ts";
import { counting } from "../../support/counting.ts";
import { fdOf, sendDatagram, tcpPair } from "../../support/traffic.ts";
import { attachmentConformance } from "../conformance.ts";

const filter = { prog_type: BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER, result: 0xffff };

interface Udp {
  readonly socket: Socket;
  readonly port: number;
}

async function udpSocket(t: TestContext): Promise<Udp> {
  const socket = createSocket("udp4");
  t.after(() => socket.close());
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { socket, port: (socket.address() as AddressInfo).port };
}

/** Node 20 cannot set SO_REUSEPORT before it binds, so the socket is made here; its first datagram binds it. */
async function reusePortSocket(t: TestContext): Promise<Udp> {
  const AF_INET = 2;
  const SOCK_DGRAM = 2;
  const fd = syscall("socket", AF_INET, SOCK_DGRAM, 0);
  setSocketOption(fd, "SO_REUSEPORT", 1);
  const socket = createSocket("udp4");
  t.after(() => socket.close());
  socket.bind({ fd });
  await new Promise((resolve) => socket.send("x", 9, "127.0.0.1", resolve));
  return { socket, port: (socket.address() as AddressInfo).port };
}

test("socket filters, on a socket of node:dgram", async (t) => {
  const { socket, port } = await udpSocket(t);
  await attachmentConformance(t, {
    first: counting(t, filter),
    second: counting(t, filter),
    attach: (program) => attachSocketFilter(program, socket),
    fire: () => sendDatagram("127.0.0.1", port),
  });
});

test("socket filters, on a socket of node:net and on an fd", async (t) => {
  const pair = await tcpPair();
  t.after(() => pair.close());
  for (const socket of [pair.far, fdOf(pair.far)]) {
    await attachmentConformance(t, {
      first: counting(t, filter),
      second: counting(t, filter),
      attach: (program) => attachSocketFilter(program, socket),
      fire: () => void pair.near.write("x"),
    });
  }
});

test("reuseport programs", async (t) => {
  const { socket, port } = await reusePortSocket(t);
  const kinds = [
    { prog_type: BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER, result: 0 },
    {
      prog_type: BpfProgType.BPF_PROG_TYPE_SK_REUSEPORT,
      expected_attach_type: BpfAttachType.BPF_SK_REUSEPORT_SELECT,
      result: 1,
    },
  ];
  for (const load of kinds) {
    await attachmentConformance(t, {
      first: counting(t, load),
      second: counting(t, load),
      attach: (program) => attachReuseport(program, socket),
      fire: () => sendDatagram("127.0.0.1", port),
    });
  }
});

test("a filter of a socket that is closed meanwhile ends without a word, and takes off no other's", async (t) => {
  const { program } = counting(t, filter);
  const pair = await tcpPair();
  const link = attachSocketFilter(program, pair.near);
  await pair.close();
  const { socket } = await udpSocket(t);
  using other = attachSocketFilter(program, socket);
  link.close();
  other.detach();
});

test("socket filters: the usual mistakes have names", async (t) => {
  const { socket } = await udpSocket(t);
  const xdp = counting(t, { prog_type: BpfProgType.BPF_PROG_TYPE_XDP }).program;
  const { program } = counting(t, filter);
  const file = owned(t, openSync("/dev/null", "r"));
  const mistakes: readonly (readonly [call: () => unknown, message: RegExp])[] = [
    [
      () => attachSocketFilter(xdp, socket),
      /\(xdp\) cannot be attached to fd \d+ as socket filter: this hook takes socket_filter/,
    ],
    [() => attachReuseport(xdp, socket), /this hook takes socket_filter or sk_reuseport programs/],
    [() => attachSocketFilter(program, file), /the fd is not a socket/],
    [() => attachSocketFilter(program, createSocket("udp4").close()), /the socket has no fd/],
  ];
  for (const [call, message] of mistakes) assert.throws(call, { message }, String(message));
});
