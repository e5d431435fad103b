import assert from "node:assert/strict";
import { closeSync, openSync, statSync } from "node:fs";
import { test } from "node:test";
import { attachNetns, attachProgram, detachProgram, queryPrograms } from "../../../src/link/index.ts";
import { BpfAttachType, BpfProgType } from "../../../src/uapi/index.ts";
import { counting } from "../../support/counting.ts";
import { ping, withVeth } from "../../support/netns.ts";
import { sendDatagram } from "../../support/traffic.ts";
import { linkConformance } from "../conformance.ts";

const SK_PASS = 1;
const BPF_OK = 0;
const lookup = {
  prog_type: BpfProgType.BPF_PROG_TYPE_SK_LOOKUP,
  expected_attach_type: BpfAttachType.BPF_SK_LOOKUP,
  result: SK_PASS,
};
const dissector = { prog_type: BpfProgType.BPF_PROG_TYPE_FLOW_DISSECTOR, result: BPF_OK };

test("netns links: sk_lookup", async (t) => {
  const veth = withVeth(t);
  const netns = veth.netns.path;
  await linkConformance(t, {
    kind: "netns",
    first: counting(t, lookup),
    second: counting(t, lookup),
    attach: (program) => attachNetns(program, { netns }),
    fire: () => sendDatagram(veth.peerAddress),
    check: (info) => {
      assert.ok(info.kind === "netns");
      assert.deepEqual([info.netnsIno, info.attachType], [statSync(netns).ino, BpfAttachType.BPF_SK_LOOKUP]);
    },
  });
});

test("netns links: flow_dissector", async (t) => {
  const veth = withVeth(t);
  const netns = veth.netns.path;
  // To choose a CPU for a received packet the kernel takes it apart.
  // /sys shows the namespace that mounted it.
  const choose = `mount -t sysfs none /sys && echo 3 > /sys/class/net/${veth.peer}/queues/rx-0/rps_cpus`;
  veth.netns.run("unshare", "-m", "sh", "-c", choose);
  await linkConformance(t, {
    kind: "netns",
    first: counting(t, dissector),
    second: counting(t, dissector),
    attach: (program) => attachNetns(program, { netns }),
    fire: () => ping(veth),
    check: (info) => {
      assert.ok(info.kind === "netns");
      assert.deepEqual([info.netnsIno, info.attachType], [statSync(netns).ino, BpfAttachType.BPF_FLOW_DISSECTOR]);
    },
  });
});

test("netns: by path and fd, several programs, and what is there", (t) => {
  const { netns } = withVeth(t);
  const [first, second] = [counting(t, lookup).program, counting(t, lookup).program];
  const fd = openSync(netns.path, "r");
  t.after(() => closeSync(fd));
  using _one = attachNetns(first, { netns: netns.path });
  using _two = attachNetns(second, { netns: fd });
  const { programs, revision } = queryPrograms({ netns: fd }, "sk_lookup");
  assert.deepEqual(
    programs.map(({ id }) => id),
    [first.id, second.id],
  );
  assert.equal(revision, undefined);
  assert.deepEqual(queryPrograms({ netns: netns.path }, "flow_dissector").programs, []);
  using _three = attachNetns(counting(t, dissector).program, { netns: fd });
  assert.throws(
    () => attachNetns(counting(t, dissector).program, { netns: fd }),
    /the namespace already has a flow dissector$/,
  );
});

test("netns: the usual mistakes have names", (t) => {
  const { netns } = withVeth(t);
  const { program } = counting(t, lookup);
  const flow = counting(t, dissector).program;
  const xdp = counting(t, { prog_type: BpfProgType.BPF_PROG_TYPE_XDP }).program;
  const mistakes: readonly (readonly [call: () => unknown, message: RegExp])[] = [
    [
      () => attachNetns(xdp, { netns: netns.path }),
      /\(xdp\) cannot be .*: this hook takes flow_dissector or sk_lookup/,
    ],
    [() => attachNetns(program, { netns: "/run/netns/nope" }), /there is no network namespace \/run\/netns\/nope/],
    [() => attachNetns(program, { netns: "/etc/passwd" }), /\/etc\/passwd is not a network namespace/],
    [() => attachNetns(program, { netns: program.fd }), /fd \d+ is not a network namespace/],
    [() => queryPrograms({ netns: "/nope" }, "sk_lookup"), /there is no network namespace \/nope/],
    [
      () => queryPrograms({ netns: netns.path }, "xdp"),
      /the programs at network namespace .* as xdp cannot be listed: the target has no such hook/,
    ],
    [() => attachProgram(flow, { netns: netns.path, attachType: "flow_dissector" }), /use attachNetns for another one/],
    [
      () => attachProgram(program, { netns: "self", attachType: "flow_dissector" }),
      /this hook takes flow_dissector programs/,
    ],
    [
      () => detachProgram(flow, { netns: "self", attachType: "flow_dissector" }),
      /this network namespace as flow_dissector: the program is not attached there/,
    ],
  ];
  for (const [call, message] of mistakes) assert.throws(call, { message }, String(message));
});
