import assert from "node:assert/strict";
import { test } from "node:test";
import { attachNetfilter, type NetfilterPlace } from "../../../src/link/index.ts";
import { Namespace, unshare } from "../../../src/sys/index.ts";
import { BpfAttachType, BpfProgType } from "../../../src/uapi/index.ts";
import { counting } from "../../support/counting.ts";
import { lacking } from "../../support/feature.ts";
import { setUp } from "../../support/network.ts";
import { ping } from "../../support/ping.ts";
import { sendDatagram } from "../../support/traffic.ts";
import { linkConformance } from "../conformance.ts";

// A process of its own: a netfilter link goes to the network namespace of the thread that makes it.
unshare(Namespace.CLONE_NEWNET);
setUp("lo", { mtu: 1500 });

const skip = lacking("link:netfilter", "attach:netfilter_defragment");
const NF_ACCEPT = 1;
const load = {
  prog_type: BpfProgType.BPF_PROG_TYPE_NETFILTER,
  expected_attach_type: BpfAttachType.BPF_NETFILTER,
  result: NF_ACCEPT,
};

const places: readonly NetfilterPlace[] = [
  { family: "ipv4", hook: "output", priority: -100 },
  { family: "ipv4", hook: "input" },
  { family: "ipv6", hook: "prerouting", priority: 7, defragment: true },
];
for (const place of places) {
  test(`netfilter links: ${place.family} ${place.hook}`, { skip }, async (t) => {
    const { family, hook, priority = 0, defragment = false } = place;
    await linkConformance(t, {
      kind: "netfilter",
      first: counting(t, load),
      attach: (program) => attachNetfilter(program, place),
      fire: () => ping(family === "ipv4" ? "127.0.0.1" : "::1"),
      check: (info) => {
        assert.ok(info.kind === "netfilter");
        const { pf, hooknum, flags } = info;
        const hooknums = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 };
        assert.deepEqual(
          { pf, hooknum, priority: info.priority, flags },
          { pf: family === "ipv4" ? 2 : 10, hooknum: hooknums[hook], priority, flags: defragment ? 1 : 0 },
        );
      },
    });
  });
}

test("netfilter: with defragment the program gets whole packets", { skip }, async (t) => {
  const seen = async (defragment: boolean): Promise<bigint> => {
    const { program, count } = counting(t, load);
    using _link = attachNetfilter(program, { family: "ipv4", hook: "input", priority: 1, defragment });
    using _early = attachNetfilter(program, { family: "ipv4", hook: "prerouting", priority: -390, defragment });
    const before = count();
    await sendDatagram("127.0.0.1", 9, 4000);
    return count() - before;
  };
  // Three fragments of 1500 bytes pass prerouting, the whole packet passes input; then comes an ICMP answer, through both.
  assert.equal(await seen(false), 6n);
  assert.equal(await seen(true), 4n);
});

test("netfilter: the usual mistakes have names", { skip }, (t) => {
  const { program } = counting(t, load);
  const xdp = counting(t, { prog_type: BpfProgType.BPF_PROG_TYPE_XDP }).program;
  const place = { family: "ipv4", hook: "output", priority: 5 } as const;
  using _link = attachNetfilter(program, place);
  const mistakes: readonly (readonly [call: () => unknown, message: RegExp])[] = [
    [() => attachNetfilter(program, place), /another program is attached there/],
    [
      () => attachNetfilter(xdp, { ...place, priority: 6 }),
      /\(xdp\) cannot be attached to ipv4 output.*netfilter programs/,
    ],
    [() => attachNetfilter(program, { ...place, priority: -2147483648 }), /the priority must be from -2147483647/],
    [() => attachNetfilter(program, { ...place, priority: -400, defragment: true }), /the priority must be from -399/],
    [
      () => attachNetfilter(program, { ...place, family: "arp" as "ipv4" }),
      /the option 'family' must be one of ipv4, ipv6, not "arp"/,
    ],
  ];
  for (const [call, message] of mistakes) assert.throws(call, { message }, String(message));
});
