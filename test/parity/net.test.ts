import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { netAttachments } from "../../src/inventory/index.ts";
import { inNetworkNamespace } from "../../src/link/index.ts";
import {
  addClsact,
  deviceIndex,
  linkCreate,
  linkInfo,
  progAttach,
  progInfo,
  progLoad,
  setBpfFilter,
  xdpAttach,
} from "../../src/sys/index.ts";
import { BpfAttachType, BpfProgType, TcHandle, XdpFlag } from "../../src/uapi/index.ts";
import { bpfts } from "../cli/run.ts";
import { owned } from "../support/cleanup.ts";
import { needs } from "../support/feature.ts";
import { type TestNetns, withNetns } from "../support/netns.ts";
import { addFilterWithAction, addHtb, addVeth, inNetns } from "../support/network.ts";
import { returning } from "../support/programs.ts";
import { ALL_STYLES, assertSameOutput } from "./same-output.ts";

const a = BpfAttachType;
const p = BpfProgType;

/** A namespace with two devices, and the ids of what is attached there. */
interface Planted {
  readonly netns: TestNetns;
  readonly near: number;
  readonly far: number;
  readonly ids: Readonly<
    Record<"xdp" | "generic" | "tc" | "dissector" | "netfilter" | "link" | "netfilterLink", number>
  >;
}

/** Attaches a program of each kind in a namespace of the test's own, which takes all of it along. */
function plant(t: TestContext): Planted {
  const netns = withNetns(t);
  const program = (prog_type: number, expected_attach_type = 0, prog_name = "planted"): number =>
    owned(t, progLoad({ prog_type, insns: returning(0), prog_name, expected_attach_type }));
  const idOf = (fd: number): number => progInfo(fd).id;
  return inNetns(netns.path, () => {
    const here = openSync(netns.path, "r");
    addVeth("near", { name: "far", netns: here });
    closeSync(here);
    const near = deviceIndex("near") as number;
    const far = deviceIndex("far") as number;

    const xdp = program(p.BPF_PROG_TYPE_XDP);
    owned(t, linkCreate(xdp, near, a.BPF_XDP));
    const generic = program(p.BPF_PROG_TYPE_XDP);
    xdpAttach(generic, far, { flags: XdpFlag.XDP_FLAGS_SKB_MODE });

    const tc = program(p.BPF_PROG_TYPE_SCHED_CLS, 0, "a_name_of_15_ch");
    const link = owned(t, linkCreate(tc, near, a.BPF_TCX_INGRESS));
    progAttach(program(p.BPF_PROG_TYPE_SCHED_CLS, 0, "second"), near, a.BPF_TCX_INGRESS);
    progAttach(program(p.BPF_PROG_TYPE_SCHED_CLS, 0, ""), near, a.BPF_TCX_EGRESS);

    for (const ifindex of [near, far]) addClsact(ifindex);
    const filter = (ifindex: number, parent: number, name: string): void => {
      setBpfFilter({ ifindex, parent, priority: 0, handle: 0, progFd: tc, name });
    };
    filter(near, TcHandle.TC_H_CLSACT_INGRESS, "classic[1]");
    filter(near, TcHandle.TC_H_CLSACT_INGRESS, "classic[2]");
    filter(far, TcHandle.TC_H_CLSACT_EGRESS, "classic");
    addFilterWithAction({ ifindex: far, parent: TcHandle.TC_H_CLSACT_EGRESS, progFd: tc, name: "redirects" }, near);
    addHtb(far);
    filter(far, 0x10000, "discipline");
    filter(far, 0x10001, "class");

    const dissector = program(p.BPF_PROG_TYPE_FLOW_DISSECTOR, a.BPF_FLOW_DISSECTOR);
    progAttach(dissector, 0, a.BPF_FLOW_DISSECTOR);
    const netfilter = program(p.BPF_PROG_TYPE_NETFILTER, a.BPF_NETFILTER);
    const places = [
      { pf: 10, hooknum: 4, priority: -5, flags: 0 },
      { pf: 2, hooknum: 1, priority: 128, flags: 0 },
    ];
    const links = places.map((at) => owned(t, linkCreate(netfilter, 0, a.BPF_NETFILTER, { netfilter: at })));
    const ids = {
      xdp: idOf(xdp),
      generic: idOf(generic),
      tc: idOf(tc),
      dissector: idOf(dissector),
      netfilter: idOf(netfilter),
      link: linkInfo(link).id,
      netfilterLink: linkInfo(links[1] as number).id,
    };
    return { netns, near, far, ids };
  });
}

const NEEDS = ["link:tcx", "link:netfilter", "attach:tc", "kernel:tc_classes"] as const;

test("what is attached in a network namespace, by the library", (t) => {
  if (!needs(t, ...NEEDS)) return;
  const { netns, near, far, ids } = plant(t);
  const { xdp, tc, flowDissector, netfilter } = netAttachments({ netns: netns.path });
  // The kernel lists the newest device first.
  assert.deepEqual(
    [...xdp].sort((one, other) => (one.deviceName < other.deviceName ? 1 : -1)),
    [
      { deviceName: "near", ifindex: near, programs: [{ mode: "driver", progId: ids.xdp }] },
      { deviceName: "far", ifindex: far, programs: [{ mode: "generic", progId: ids.generic }] },
    ],
  );
  assert.equal(flowDissector, ids.dissector);
  const own = netfilter.filter(({ progId }) => progId === ids.netfilter);
  assert.deepEqual(
    own.map(({ pf, hooknum, priority }) => [pf, hooknum, priority]),
    [
      [2, 1, 128],
      [10, 4, -5],
    ],
  );
  assert.equal(own[0]?.id, ids.netfilterLink);
  const hooks = tc.map(({ deviceName, hook, name }) => `${deviceName} ${hook} ${name}`).sort();
  assert.deepEqual(hooks, [
    "far clsact/egress classic",
    "far clsact/egress redirects",
    "far htb class",
    "far htb discipline",
    "near clsact/ingress classic[1]",
    "near clsact/ingress classic[2]",
    "near tcx/egress undefined",
    "near tcx/ingress a_name_of_15_ch",
    "near tcx/ingress second",
  ]);
  const [first, second] = tc.filter(({ hook }) => hook === "tcx/ingress");
  assert.deepEqual(first, {
    deviceName: "near",
    ifindex: near,
    hook: "tcx/ingress",
    progId: ids.tc,
    name: "a_name_of_15_ch",
    linkId: ids.link,
  });
  assert.ok(second !== undefined && "linkId" in second && second.linkId === undefined);
  const redirects = tc.find(({ name }) => name === "redirects");
  assert.ok(redirects !== undefined && "actions" in redirects);
  assert.deepEqual(redirects.actions, []);

  const one = netAttachments({ netns: netns.path, device: "far" });
  assert.deepEqual(
    one.xdp,
    xdp.filter(({ ifindex }) => ifindex === far),
  );
  assert.deepEqual(
    one.tc,
    tc.filter(({ ifindex }) => ifindex === far),
  );
  const outside = netAttachments();
  assert.ok(outside.xdp.every(({ deviceName }) => deviceName !== "near"));
  assert.throws(() => netAttachments({ netns: netns.path, device: "none" }), /there is no network device none/);
  assert.throws(() => netAttachments({ netns: "/dev/null" }), /\/dev\/null is not a network namespace/);
  assert.equal(
    inNetworkNamespace(netns.path, () => deviceIndex("near")),
    near,
  );
});

test("net show by the command: a namespace's file", (t) => {
  if (!needs(t, ...NEEDS)) return;
  const { netns, near } = plant(t);
  // The file of another process's fd, as `ip netns` makes one.
  const shown = JSON.parse(bpfts("-j", "net", "show", "dev", "near", "netns", netns.path).stdout);
  assert.ok(shown[0].tc.length > 0);
  assert.ok(shown[0].tc.every(({ ifindex }: { ifindex: number }) => ifindex === near));
});

test("net show, attach and detach print what bpftool prints", (t) => {
  if (!needs(t, "tool:bpftool", ...NEEDS)) return;
  const { netns, ids } = plant(t);
  const within = <T>(work: () => T): T => inNetns(netns.path, work);
  // bpftool writes the flow dissector as a member without an object, which is no JSON.
  const only = (text: string): string =>
    text.replace(/"flow_dissector":\s*\[\s*"id":\s*(\d+)\s*\]/g, '"flow_dissector":[{"id":$1}]');
  assertSameOutput("net", { within, only: (text) => compact(only(text)), styles: ALL_STYLES });
  for (const line of ["net sh d near", "net list dev lo"]) {
    assertSameOutput(line, { within, only: (text) => compact(only(text)), styles: [[]] });
  }
  for (const line of [
    "net show dev none",
    "net show foo bar",
    "net attach",
    "net attach xdp id 1",
    `net attach none id ${ids.xdp} dev near`,
    "net detach xdp",
    "net detach none dev near",
    "net detach xdp dev none",
    "net detach tcx_egress dev lo",
    `net attach xdp id ${ids.xdp} dev none`,
    `net attach xdp id ${ids.xdp} device near`,
    `net attach xdp id ${ids.xdp} dev near prepend`,
    `net attach xdp id ${ids.xdp} dev near maybe`,
    `net attach tcx_egress id ${ids.tc} dev near overwrite`,
    `net attach tcx_egress id ${ids.xdp} dev lo`,
    `net attach tcx_ingress id ${ids.tc} dev near`,
    `net attach xdpoffload id ${ids.xdp} dev near`,
  ]) {
    assertSameOutput(line, { within, styles: [["-j"]] });
  }
  assertSameOutput(`net attach xdp id ${ids.xdp} dev near maybe`, { within });
  // The kernel's own sentence stands on a line of its own in bpftool, and behind the reason here.
  for (const line of [
    `net attach xdp id ${ids.xdp} dev far`,
    `net attach xdpdrv id ${ids.xdp} dev far`,
    `net attach xdp id ${ids.tc} dev lo`,
    "net attach xdp id 4000000000 dev lo",
    "net show dev",
    "net nonsense",
  ]) {
    assertSameOutput(line, { within, ownMessage: true });
  }
  const state = (): string => within(() => bpfts("-j", "net", "show", "dev", "lo").stdout);
  const empty = state();
  for (const [attach, detach] of [
    [`net attach xdpgeneric id ${ids.xdp} dev lo`, "net detach xdpgeneric dev lo"],
    [`net attach xdpg id ${ids.xdp} dev lo overwrite`, "net detach xdpg dev lo"],
    [`net attach tcx_ingress id ${ids.tc} dev lo`, "net detach tcx_ingress dev lo"],
    [`net attach tcx_e id ${ids.tc} dev lo prepend`, "net detach tcx_e dev lo"],
  ] as const) {
    const done = within(() => bpfts(...attach.split(" ")));
    assert.deepEqual(done, { stdout: "", stderr: "", code: 0 }, attach);
    assert.notEqual(state(), empty, attach);
    assertSameOutput("net show dev lo", { within, styles: [[]] });
    assert.deepEqual(
      within(() => bpfts("-j", ...detach.split(" "))),
      { stdout: "null\n", stderr: "", code: 0 },
      detach,
    );
    assert.equal(state(), empty, detach);
  }
});

/** Takes the white space out of pretty JSON, where a mended member has other line ends. */
function compact(text: string): string {
  return text.startsWith("[") ? JSON.stringify(JSON.parse(text)) : text;
}
