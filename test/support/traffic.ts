import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Sends a UDP datagram of `length` bytes. No socket needs to receive it. */
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

/** The two ends of a TCP connection on the loopback device. */
export interface TcpPair {
  readonly near: Socket;
  readonly far: Socket;
  /** Closes both ends and waits until they are closed. */
  close(): Promise<void>;
}

/** Makes a TCP connection on the loopback device. */
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

/** Returns the fd of a socket of Node. */
export function fdOf(socket: Socket): number {
  return (socket as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;
}
