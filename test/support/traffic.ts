import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Sends one datagram of `length` bytes; nobody need be there to take it. */
export function sendDatagram(address: string, port = 9, length = 1): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket("udp4");
    socket.send(new Uint8Array(length), port, address, (error) => {
      socket.close();
      if (error === null) resolve();
      else reject(error);
    });
  });
}

/** Both ends of a TCP connection on loopback. */
export interface TcpPair {
  readonly near: Socket;
  readonly far: Socket;
  /** Closes both and waits until they are. */
  close(): Promise<void>;
}

/** Connects to itself on loopback. */
export async function tcpPair(): Promise<TcpPair> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const near = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [[far]] = (await Promise.all([once(server, "connection"), once(near, "connect")])) as [[Socket], unknown];
  server.close();
  for (const end of [near, far]) end.on("error", () => {});
  const closed = Promise.all([once(near, "close"), once(far, "close")]);
  return {
    near,
    far,
    close: async () => {
      near.destroy();
      far.destroy();
      await closed;
    },
  };
}

/** The fd of a socket of Node's. */
export function fdOf(socket: Socket): number {
  return (socket as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;
}
