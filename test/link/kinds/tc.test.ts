import assert from "node:assert/strict";
import { test } from "node:test";
import { attachTc, removeClsact, type TcPlace } from "../../../src/link/index.ts";
import { encodeAttributes, parseAttributes } from "../../../src/sys/index.ts";
import { BpfAttachType, BpfProgType } from "../../../src/uapi/index.ts";
import { type Counting, counting } from "../../support/counting.ts";
import { ping, withVeth } from "../../support/netns.ts";
import { listFilters } from "../../support/network.ts";
import { attachmentConformance } from "../conformance.ts";

const TC_ACT_UNSPEC = -1;
const load = { prog_type: BpfProgType.BPF_PROG_TYPE_SCHED_CLS, result: TC_ACT_UNSPEC };

for (const direction of ["ingress", "egress"] as const) {
  test(`tc filters: ${direction}`, async (t) => {
    const veth = withVeth(t);
    await attachmentConformance(t, {
      first: counting(t, load),
      second: counting(t, load),
      attach: (program) => attachTc(program, { device: veth.name, direction }),
      fire: () => ping(veth),
    });
  });
}

test("tc filters: what the kernel lists, their order, and one in place of another", (t) => {
  const veth = withVeth(t);
  const device = veth.ifindex;
  const named = (prog_name: string): Counting => counting(t, { ...load, prog_name });
  const [a, b, c] = [named("last"), named("first"), named("instead")];
  const shown = (): string[] => {
    return listFilters(device).map(({ priority, handle, name }) => `${priority} 0x${handle.toString(16)} ${name}`);
  };
  using last = attachTc(a.program, { device, priority: 20 });
  const first = attachTc(b.program, { device, priority: 10, handle: 7 });
  assert.deepEqual(shown(), ["10 0x7 first", "20 0x1 last"]);
  ping(veth);
  assert.ok(a.count() > 0n && b.count() > 0n, last.what);
  using other = attachTc(c.program, { device, priority: 10, handle: 7, replace: true });
  assert.deepEqual(shown(), ["10 0x7 instead", "20 0x1 last"]);
  first.close();
  assert.deepEqual(shown(), ["10 0x7 instead", "20 0x1 last"], "what took its place stays");
  other.close();
  assert.deepEqual(shown(), ["20 0x1 last"]);
  removeClsact(device);
  removeClsact(device);
  assert.deepEqual(shown(), []);
});

test("tc filters: the usual mistakes have names", (t) => {
  const { ifindex: device } = withVeth(t);
  const { program } = counting(t, load);
  const xdp = counting(t, { prog_type: BpfProgType.BPF_PROG_TYPE_XDP }).program;
  const egress = counting(t, { ...load, expected_attach_type: BpfAttachType.BPF_TCX_EGRESS }).program;
  using taken = attachTc(program, { device, priority: 5, handle: 1 });
  const mistakes: readonly (readonly [place: TcPlace, message: RegExp])[] = [
    [{ device: "nope0" }, /there is no network device nope0/],
    [{ device: 0x7ffffff0 }, /cannot be attached to network device \d+ as ingress filter: .*no such network device/],
    [{ device, replace: true }, /the option 'replace' needs the priority and the handle of the filter to replace/],
    [
      { device, priority: 5, handle: 1 },
      /a filter with this priority and handle exists already; the option 'replace' replaces it/,
    ],
  ];
  for (const [place, message] of mistakes) assert.throws(() => attachTc(program, place), message);
  assert.throws(() => attachTc(xdp, { device }), /this hook takes sched_cls programs$/);
  assert.throws(() => taken.update(program, { old: program }), { code: "NOT_SUPPORTED" });
  using own = attachTc(egress, { device });
  assert.match(own.what, /to network device .* as egress filter/);
  assert.throws(() => removeClsact("nope0"), /there is no network device nope0/);
});

test("netlink attributes: numbers, texts and nested ones, each at a multiple of four bytes", () => {
  const bytes = encodeAttributes([
    [1, "bpf"],
    [2, [[6, -1]]],
    [3, Uint8Array.of(1, 2, 3)],
  ]);
  assert.equal(bytes.length % 4, 0);
  const parsed = parseAttributes(bytes);
  assert.deepEqual(
    [...parsed].map(([type, value]) => [type, ...value]),
    [
      [1, 0x62, 0x70, 0x66, 0],
      [2, 8, 0, 6, 0, 0xff, 0xff, 0xff, 0xff],
      [3, 1, 2, 3],
    ],
  );
  for (let end = 0; end < bytes.length; end++) assert.ok(parseAttributes(bytes.subarray(0, end)).size <= 3);
});
