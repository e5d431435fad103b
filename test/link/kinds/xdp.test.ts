import assert from "node:assert/strict";
import { test } from "node:test";
import { attachXdp } from "../../../src/link/index.ts";
import { xdpAttach } from "../../../src/sys/index.ts";
import { BpfAttachType, BpfProgFlag, BpfProgType, XdpFlag } from "../../../src/uapi/index.ts";
import { counting } from "../../support/counting.ts";
import { needs } from "../../support/feature.ts";
import { ping, removePeer, withVeth } from "../../support/netns.ts";
import { attachmentConformance, linkConformance } from "../conformance.ts";

const XDP_PASS = 2;

for (const mode of [undefined, "generic", "driver"] as const) {
  for (const frags of mode === "driver" ? [false, true] : [false]) {
    test(`xdp links: mode ${mode ?? "left out"}${frags ? ", frags" : ""}`, async (t) => {
      if (frags && !needs(t, "prog:xdp_frags")) return;
      const veth = withVeth(t);
      const load = {
        prog_type: BpfProgType.BPF_PROG_TYPE_XDP,
        result: XDP_PASS,
        prog_flags: frags ? BpfProgFlag.BPF_F_XDP_HAS_FRAGS : 0,
      };
      await linkConformance(t, {
        kind: "xdp",
        first: counting(t, load),
        second: counting(t, load),
        attach: (program) => attachXdp(program, { device: veth.name, mode }),
        fire: () => ping(veth),
        check: (info) => assert.ok(info.kind === "xdp" && info.ifindex === veth.ifindex),
      });
    });
  }
}

test("xdp without a link, by netlink", async (t) => {
  const load = { prog_type: BpfProgType.BPF_PROG_TYPE_XDP, result: XDP_PASS };
  for (const mode of [undefined, "generic", "driver"] as const) {
    const veth = withVeth(t);
    const place = { device: veth.ifindex, mode, withoutLink: true } as const;
    const [first, second, third] = [counting(t, load), counting(t, load), counting(t, load)];
    await attachmentConformance(t, {
      first,
      second,
      attach: (program) => attachXdp(program, place),
      fire: () => ping(veth),
    });
    const attachment = attachXdp(first.program, place);
    assert.throws(() => attachXdp(second.program, place), /another program is attached to the device in this mode/);
    assert.throws(
      () => attachment.update(second.program, { old: third.program }),
      /another program was attached there at the same time/,
    );
    attachment.update(second.program, { old: first.program });
    // What somebody else put there stays.
    xdpAttach(third.program.fd, veth.ifindex, { flags: mode === "generic" ? XdpFlag.XDP_FLAGS_SKB_MODE : 0 });
    attachment.close();
    const before = third.count();
    ping(veth);
    assert.ok(third.count() > before);
  }
  const veth = withVeth(t);
  const { program } = counting(t, load);
  const attachment = attachXdp(program, { device: veth.ifindex, withoutLink: true });
  removePeer(veth);
  attachment.close();
});

test("xdp: the usual mistakes have names", (t) => {
  const load = { prog_type: BpfProgType.BPF_PROG_TYPE_XDP, result: XDP_PASS };
  const { name, ifindex } = withVeth(t);
  const { program } = counting(t, load);
  const tcx = counting(t, { prog_type: BpfProgType.BPF_PROG_TYPE_SCHED_CLS }).program;
  const devmap = counting(t, { ...load, expected_attach_type: BpfAttachType.BPF_XDP_DEVMAP }).program;
  using _link = attachXdp(program, { device: name, mode: "generic" });
  const mistakes: readonly (readonly [call: () => unknown, message: RegExp])[] = [
    [
      () => attachXdp(tcx, { device: name }),
      /\(sched_cls\) cannot be attached to network device .*: this hook takes xdp programs/,
    ],
    [() => attachXdp(devmap, { device: "lo", mode: "generic" }), /it was loaded for xdp_devmap/],
    [() => attachXdp(program, { device: "nope0" }), /there is no network device nope0/],
    [() => attachXdp(program, { device: "../lo" }), /"..\/lo" is not the name of a network device/],
    [
      () => attachXdp(program, { device: 0 }),
      /0 is not the index of a network device; an index is a whole number of 1 or more/,
    ],
    [() => attachXdp(program, { device: 0x7ffffff0 }), /there is no such network device/],
    [
      () => attachXdp(program, { device: ifindex, mode: "generic" }),
      /another program is attached to the device in this mode/,
    ],
    [() => attachXdp(program, { device: ifindex, mode: "driver" }), /a program is attached to it in another mode/],
    [
      () => attachXdp(program, { device: "lo", mode: "driver" }),
      /the device's driver does not support XDP; the mode generic works/,
    ],
    [() => attachXdp(program, { device: ifindex, mode: "offload" }), /./],
  ];
  for (const [call, message] of mistakes) assert.throws(call, { message }, String(message));
});
