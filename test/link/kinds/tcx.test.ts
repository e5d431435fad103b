import assert from "node:assert/strict";
import { test } from "node:test";
import { NotSupportedError } from "../../../src/errors/index.ts";
import { type Anchor, attachProgram, attachTcx, detachProgram, queryPrograms } from "../../../src/link/index.ts";
import { BpfAttachType, BpfProgType } from "../../../src/uapi/index.ts";
import { type Counting, counting } from "../../support/counting.ts";
import { lacking } from "../../support/feature.ts";
import { ping, withVeth } from "../../support/netns.ts";
import { linkConformance } from "../conformance.ts";

const TCX_NEXT = -1;
const load = { prog_type: BpfProgType.BPF_PROG_TYPE_SCHED_CLS, result: TCX_NEXT };

for (const direction of ["ingress", "egress"] as const) {
  test(`tcx links: ${direction}`, { skip: lacking("link:tcx") }, async (t) => {
    const veth = withVeth(t);
    const attach_type = direction === "ingress" ? BpfAttachType.BPF_TCX_INGRESS : BpfAttachType.BPF_TCX_EGRESS;
    await linkConformance(t, {
      kind: "tcx",
      first: counting(t, load),
      second: counting(t, load),
      attach: (program) => attachTcx(program, { device: veth.name, direction }),
      fire: () => ping(veth),
      check: (info) => {
        assert.ok(info.kind === "tcx");
        assert.deepEqual([info.ifindex, info.attachType], [veth.ifindex, attach_type]);
      },
    });
  });
}

test("tcx: the place in the list, and its revision", { skip: lacking("link:tcx", "order:tcx") }, (t) => {
  const { ifindex: device } = withVeth(t);
  const [a, b, c, d] = Array.from({ length: 4 }, () => counting(t, load)) as [Counting, Counting, Counting, Counting];
  const list = (): { ids: number[]; revision: bigint } => {
    const { programs, revision = 0n } = queryPrograms({ device }, "tcx_ingress");
    return { ids: programs.map(({ id }) => id), revision };
  };
  assert.deepEqual(list().ids, []);
  using first = attachTcx(a.program, { device });
  const { revision } = list();
  using second = attachTcx(b.program, { device, anchor: "head", expectedRevision: revision });
  assert.deepEqual(list(), { ids: [b.program.id, a.program.id], revision: revision + 1n });
  assert.throws(
    () => attachTcx(c.program, { device, expectedRevision: revision }),
    /its revision is not the expected one$/,
  );

  // Each way to name a neighbour puts c between b and a.
  const between: readonly Anchor[] = [
    { before: first },
    { before: a.program },
    { before: { linkId: first.id } },
    { before: { programId: a.program.id } },
    { after: second },
    { after: b.program },
    { after: { linkId: second.id } },
    { after: { programId: b.program.id } },
  ];
  for (const anchor of between) {
    {
      using _third = attachTcx(c.program, { device, anchor });
      assert.deepEqual(list().ids, [b.program.id, c.program.id, a.program.id], JSON.stringify(Object.keys(anchor)));
    }
    attachProgram(c.program, { device, attachType: "tcx_ingress", anchor });
    assert.deepEqual(list().ids, [b.program.id, c.program.id, a.program.id]);
    detachProgram(c.program, { device, attachType: "tcx_ingress" });
  }

  // Without a link: another program's place, and what stands first or last.
  const at = { device, attachType: "tcx_ingress" } as const;
  attachProgram(c.program, { ...at, anchor: "tail" });
  attachProgram(d.program, { ...at, anchor: { replace: c.program } });
  assert.deepEqual(list().ids, [b.program.id, a.program.id, d.program.id]);
  attachProgram(c.program, { ...at, anchor: { replace: { programId: d.program.id } } });
  const { programs } = queryPrograms({ device }, "tcx_ingress");
  assert.deepEqual(
    programs.map(({ linkId, attachFlags }) => [linkId, attachFlags]),
    [
      [second.id, 0],
      [first.id, 0],
      [undefined, 0],
    ],
  );
  detachProgram(undefined, { ...at, anchor: "tail" });
  assert.deepEqual(list().ids, [b.program.id, a.program.id]);
});

test("tcx: the usual mistakes have names", { skip: lacking("link:tcx") }, (t) => {
  const { ifindex: device } = withVeth(t);
  const { program } = counting(t, load);
  const other = counting(t, load).program;
  const xdp = counting(t, { prog_type: BpfProgType.BPF_PROG_TYPE_XDP }).program;
  const at = { device, attachType: "tcx_ingress" } as const;
  using _link = attachTcx(program, { device });
  const mistakes: readonly (readonly [call: () => unknown, message: RegExp])[] = [
    [
      () => attachTcx(xdp, { device }),
      /\(xdp\) cannot be attached to network device \d+ as tcx_ingress: this hook takes sched_cls/,
    ],
    [() => attachTcx(program, { device: "nope0" }), /there is no network device nope0/],
    [() => attachTcx(program, { device: 0x7ffffff0 }), /there is no such network device in this network namespace/],
    [() => attachTcx(program, { device }), /already attached there/],
    [() => attachTcx(other, { device, anchor: { before: { programId: other.id } } }), /not attached to this hook/],
    [() => attachTcx(other, { device, anchor: { before: { programId: 0 } } }), /0 is not the id of a program or link/],
    [() => attachTcx(other, { device, anchor: { replace: program } }), /call update\(\) on the link/],
    [() => attachTcx(other, { device, flags: 8 }), /give an anchor instead/],
    [() => attachProgram(xdp, at), /this hook takes sched_cls programs$/],
    [() => attachProgram(other, { ...at, anchor: { replace: other } }), /not attached to this hook/],
    [() => detachProgram(other, at), /not attached to this hook/],
    [() => detachProgram(undefined, { device }), /give the program to detach, or the attachType of the hook/],
    [() => queryPrograms({ device: "nope0" }, "tcx_ingress"), /there is no network device nope0/],
    [
      () => queryPrograms({ device: 0x7ffffff0 }, "tcx_ingress"),
      /the programs at network device \d+ as tcx_ingress cannot be listed: .*ENODEV/,
    ],
    [() => queryPrograms({ device }, "ingress"), /"ingress" is not an attach type/],
  ];
  for (const [call, message] of mistakes) {
    assert.throws(
      call,
      (error: Error) => !(error instanceof NotSupportedError) && message.test(error.message),
      String(message),
    );
  }
});
