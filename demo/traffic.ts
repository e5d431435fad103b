/** Loopback traffic for the demo: ten UDP datagrams, and one TCP connection that sends a greeting and gets it back. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";

const server = createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
await once(server, "listening");
const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
client.end("hello from the demo");
client.resume();
await once(client, "close");
server.close();

const receiver = createSocket("udp4");
receiver.bind(0, "127.0.0.1");
await once(receiver, "listening");
const sender = createSocket("udp4");
const { port } = receiver.address();
for (let i = 0; i < 10; i++) {
  const arrived = once(receiver, "message");
  sender.send("ping", port, "127.0.0.1");
  await arrived;
}
sender.close();
receiver.close();
