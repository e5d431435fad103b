import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { type TestContext, test } from "node:test";
import {
  attachNetkit,
  attachProgram,
  detachProgram,
  type NetkitPlace,
  queryPrograms,
} from "../../../src/link/index.ts";
import { deviceIndex } from "../../../src/sys/index.ts";
import { BpfAttachType, BpfProgType } from "../../../src/uapi/index.ts";
import { counting } from "../../support/counting.ts";
import { lacking } from "../../support/feature.ts";
import { withVeth } from "../../support/netns.ts";
import { addAddress, addDevice, removeDevice, setUp } from "../../support/network.ts";
import { sendDatagram } from "../../support/traffic.ts";
import { linkConformance } from "../conformance.ts";

const NETKIT_NEXT = -1;
const load = { prog_type: BpfProgType.BPF_PROG_TYPE_SCHED_CLS, result: NETKIT_NEXT };
const skip = lacking("link:netkit");

interface NetkitPair {
  readonly device: string;
  readonly peer: string;
  /** Sends a packet through the primary or the peer. */
  send(end: "primary" | "peer"): Promise<void>;
}

/** A pair of netkit devices (layer 3) in this namespace, each with a route to an address of its own. */
function withNetkit(t: TestContext): NetkitPair {
  const device = `bn${process.pid % 100000}`;
  const before = new Set(readdirSync("/sys/class/net"));
  addDevice(device, "netkit");
  t.after(() => removeDevice(device));
  const peer = readdirSync("/sys/class/net").find((name) => name !== device && !before.has(name)) ?? "";
  const addresses = { primary: "10.198.1.2", peer: "10.198.2.2" };
  setUp(device);
  setUp(peer);
  addAddress(device, "10.198.1.1");
  addAddress(peer, "10.198.2.1");
  return { device, peer, send: (end) => sendDatagram(addresses[end]) };
}

for (const end of ["primary", "peer"] as const) {
  test(`netkit links: ${end}`, { skip }, async (t) => {
    const pair = withNetkit(t);
    const place: NetkitPlace = { device: pair.device, end };
    await linkConformance(t, {
      kind: "netkit",
      first: counting(t, load),
      second: counting(t, load),
      attach: (program) => attachNetkit(program, place),
      fire: () => pair.send(end),
      check: (info) => {
        const attach_type = end === "primary" ? BpfAttachType.BPF_NETKIT_PRIMARY : BpfAttachType.BPF_NETKIT_PEER;
        // The kernel names the end that the program hangs on, whichever was named to attach it.
        const ifindex = deviceIndex(end === "primary" ? pair.device : pair.peer);
        assert.ok(info.kind === "netkit");
        assert.deepEqual([info.ifindex, info.attachType], [ifindex, attach_type]);
      },
    });
  });
}

test("netkit: order, and what is there", { skip }, (t) => {
  const { device } = withNetkit(t);
  const [a, b, c] = [counting(t, load).program, counting(t, load).program, counting(t, load).program];
  using first = attachNetkit(a, { device });
  using _second = attachNetkit(b, { device, anchor: { before: first } });
  attachProgram(c, { device, attachType: "netkit_primary", anchor: { after: b } });
  const ids = (): number[] => queryPrograms({ device }, "netkit_primary").programs.map(({ id }) => id);
  assert.deepEqual(ids(), [b.id, c.id, a.id]);
  const { revision } = queryPrograms({ device }, "netkit_primary");
  assert.throws(
    () => attachNetkit(c, { device, end: "peer", expectedRevision: 99n }),
    /its revision is not the expected one$/,
  );
  detachProgram(c, { device, attachType: "netkit_primary", expectedRevision: revision });
  assert.deepEqual(ids(), [b.id, a.id]);
});

test("netkit: the usual mistakes have names", (t) => {
  const { program } = counting(t, load);
  const xdp = counting(t, { prog_type: BpfProgType.BPF_PROG_TYPE_XDP }).program;
  const veth = withVeth(t).name;
  assert.throws(() => attachNetkit(program, { device: "nope0" }), { message: /there is no network device nope0/ });
  assert.throws(() => attachNetkit(xdp, { device: veth }), {
    message: /\(xdp\) cannot be .*: this hook takes sched_cls programs/,
  });
  if (skip !== false) {
    const message = /this kernel does not support netkit links.*(6\.7 or newer|without CONFIG_NETKIT)/;
    assert.throws(() => attachNetkit(program, { device: veth }), { code: "NOT_SUPPORTED", message });
    return;
  }
  const { peer } = withNetkit(t);
  assert.throws(() => attachNetkit(program, { device: veth }), { message: /the device is not a netkit device/ });
  assert.throws(() => attachNetkit(program, { device: peer }), { message: /the device is the peer of a netkit pair/ });
});
