import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import {
  attachCgroup,
  attachProgram,
  type CgroupProgram,
  detachProgram,
  queryCgroup,
} from "../../../src/link/index.ts";
import type { Program } from "../../../src/program/index.ts";
import { BpfAttachFlag } from "../../../src/uapi/index.ts";
import { type TestCgroup, withCgroup, withCgroupBelow } from "../../support/cgroup.ts";
import { ordersCgroups } from "./support.ts";
import { Tracer } from "./tracing-program.ts";

const TYPE = "cgroup_inet_sock_create";

interface Tree {
  readonly top: TestCgroup;
  readonly middle: TestCgroup;
  readonly leaf: TestCgroup;
  readonly tracer: Tracer;
}

/** Three levels. */
function tree(t: TestContext): Tree {
  const top = withCgroup(t);
  const middle = withCgroupBelow(top, "middle");
  return { top, middle, leaf: withCgroupBelow(middle, "leaf"), tracer: new Tracer(t) };
}

/** What runs in a cgroup is `order`, and the effective view says the same. */
async function assertOrder({ tracer }: Tree, cgroup: TestCgroup, order: string): Promise<readonly CgroupProgram[]> {
  const { programIds } = queryCgroup(cgroup.path, TYPE, { effective: true });
  assert.equal(tracer.digits(programIds), order, "the effective view");
  assert.equal(await tracer.run(cgroup.path), order, "what ran");
  const { programs } = queryCgroup(cgroup.path, TYPE, { effective: true, details: true });
  assert.equal(tracer.digits(programs.map(({ id }) => id)), order, "the effective view with details");
  return programs;
}

/** Where each effective program is attached, as the cgroup's own name, and how. */
function origins(programs: readonly CgroupProgram[]): string[] {
  const { BPF_F_ALLOW_MULTI, BPF_F_ALLOW_OVERRIDE, BPF_F_PREORDER } = BpfAttachFlag;
  const flagged = (flags: number, flag: number, name: string): string => ((flags & flag) === 0 ? "" : ` ${name}`);
  return programs.map(({ cgroup = "", attachFlags: flags = 0 }) =>
    [
      cgroup.slice(cgroup.lastIndexOf("/") + 1).replace(/^bpfts-test.*/, "top"),
      flagged(flags, BPF_F_ALLOW_MULTI, "multi"),
      flagged(flags, BPF_F_ALLOW_OVERRIDE, "override"),
      flagged(flags, BPF_F_PREORDER, "preorder"),
    ].join(""),
  );
}

test("with neither multi nor override a program runs in all descendant cgroups, and nothing else can", async (t) => {
  const all = tree(t);
  const { top, middle, leaf, tracer } = all;
  const [one, two] = [tracer.program(1), tracer.program(2)];
  attachProgram(one, { cgroup: top.path });
  assert.deepEqual(origins(await assertOrder(all, leaf, "1")), ["top"]);
  for (const options of [{}, { override: true }, { multi: true }]) {
    assert.throws(
      () => attachProgram(two, { cgroup: middle.path, ...options }),
      /program \d+ is attached with neither multi nor override to the ancestor cgroup (\S+), so the descendants of \1 can have no programs$/,
    );
  }
  assert.throws(
    () => attachCgroup(two, { cgroup: leaf.path }),
    /program \d+ is attached with neither multi nor override to the ancestor cgroup (\S+), so the descendants of \1 can have no programs$/,
  );
  // At its own cgroup another one takes its place.
  attachProgram(two, { cgroup: top.path });
  await assertOrder(all, middle, "2");
  assert.throws(() => detachProgram(one, { cgroup: top.path }), /; program \d+ is attached there$/);
  detachProgram(two, { cgroup: top.path });
  await assertOrder(all, leaf, "");
});

test("with override the nearest program runs alone", async (t) => {
  const all = tree(t);
  const { top, middle, leaf, tracer } = all;
  const [one, two, three] = [tracer.program(1), tracer.program(2), tracer.program(3)];
  attachProgram(one, { cgroup: top.path, override: true });
  attachProgram(two, { cgroup: middle.path, override: true });
  assert.deepEqual(origins(await assertOrder(all, leaf, "2")), ["middle override"]);
  attachProgram(three, { cgroup: leaf.path });
  assert.deepEqual(origins(await assertOrder(all, leaf, "3")), ["leaf"]);
  await assertOrder(all, middle, "2");
  assert.deepEqual(origins(await assertOrder(all, top, "1")), ["top override"]);
  assert.throws(
    () => attachProgram(one, { cgroup: middle.path, multi: true }),
    /with override, but this program was to be attached with multi; all programs at a hook must have the same mode$/,
  );
});

test("with multi all of them run: those of the cgroup first, then those above", async (t) => {
  const all = tree(t);
  const { top, middle, leaf, tracer } = all;
  const programs = [1, 2, 3, 4, 5, 6].map((digit) => tracer.program(digit)) as [Program, ...Program[]];
  const places = [top, top, middle, middle, leaf, leaf];
  programs.forEach((program, i) => {
    attachProgram(program, { cgroup: places[i]?.path ?? "", multi: true });
  });
  assert.deepEqual(origins(await assertOrder(all, leaf, "563412")), [
    "leaf multi",
    "leaf multi",
    "middle multi",
    "middle multi",
    "top multi",
    "top multi",
  ]);
  await assertOrder(all, middle, "3412");
  await assertOrder(all, top, "12");
  assert.throws(
    () => attachProgram(programs[0], { cgroup: top.path, multi: true }),
    /the program is already attached there$/,
  );
  assert.throws(
    () => attachProgram(programs[0], { cgroup: top.path }),
    /with multi, but this program was to be attached with neither multi nor override; all programs at a hook must have the same mode$/,
  );
  // A place is handed on.
  const seven = tracer.program(7);
  attachProgram(seven, { cgroup: top.path, multi: true, replace: programs[0] });
  await assertOrder(all, leaf, "563472");
  assert.throws(
    () => attachProgram(tracer.program(8), { cgroup: top.path, multi: true, replace: programs[0] }),
    /the program to replace is not attached there$/,
  );
});

test("a link and a program without one stand in one list; the details tell them apart", async (t) => {
  const all = tree(t);
  const { top, leaf, tracer } = all;
  const [one, two, three] = [tracer.program(1), tracer.program(2), tracer.program(3)];
  attachProgram(one, { cgroup: top.path, multi: true });
  using link = attachCgroup(two, { cgroup: top.path });
  using below = attachCgroup(three, { cgroup: leaf.path });
  const programs = await assertOrder(all, leaf, "312");
  assert.deepEqual(
    programs.map(({ linkId }) => linkId),
    [below.id, undefined, link.id],
  );
  assert.throws(
    () => detachProgram(two, { cgroup: top.path }),
    new RegExp(`is attached to .* by link ${link.id}; detach or close the link instead$`),
  );
  link.update(tracer.program(4));
  await assertOrder(all, leaf, "314");
});

test("multi above override, and override above multi", async (t) => {
  const all = tree(t);
  const { top, middle, leaf, tracer } = all;
  const [one, two, three] = [tracer.program(1), tracer.program(2), tracer.program(3)];
  attachProgram(one, { cgroup: top.path, multi: true });
  attachProgram(two, { cgroup: middle.path, override: true });
  assert.deepEqual(origins(await assertOrder(all, middle, "21")), ["middle override", "top multi"]);
  assert.deepEqual(origins(await assertOrder(all, leaf, "21")), ["middle override", "top multi"]);
  // What is attached below takes the place of what can be overridden, and not of the rest.
  attachProgram(three, { cgroup: leaf.path, multi: true });
  assert.deepEqual(origins(await assertOrder(all, leaf, "31")), ["leaf multi", "top multi"]);
});

test("an order: first, last, before and after, by programs and links", async (t) => {
  const all = tree(t);
  const { top, leaf, tracer } = all;
  const [one, two, three, four, five] = [1, 2, 3, 4, 5].map((digit) => tracer.program(digit)) as [
    Program,
    Program,
    Program,
    Program,
    Program,
  ];
  const place = { cgroup: top.path, multi: true };
  attachProgram(one, place);
  if (!ordersCgroups(top)) {
    assert.throws(() => attachProgram(two, { ...place, anchor: { before: one } }), {
      code: "NOT_SUPPORTED",
      message: /ordering the programs of a cgroup/,
    });
    assert.throws(() => attachCgroup(two, { cgroup: top.path, preorder: true }), { code: "NOT_SUPPORTED" });
    return t.skip("cgroups have an order since 6.17");
  }
  attachProgram(two, { ...place, anchor: "head" });
  attachProgram(three, { ...place, anchor: { before: one } });
  attachProgram(four, { ...place, anchor: { after: { programId: two.id } } });
  await assertOrder(all, leaf, "2431");
  attachProgram(five, { ...place, anchor: "tail" });
  await assertOrder(all, leaf, "24315");
  using link = attachCgroup(tracer.program(6), { cgroup: top.path, anchor: "head" });
  using second = attachCgroup(tracer.program(7), { cgroup: top.path, anchor: { after: link } });
  await assertOrder(all, leaf, "6724315");
  using third = attachCgroup(tracer.program(8), { cgroup: top.path, anchor: { before: { linkId: second.id } } });
  assert.ok(third.id > 0);
  await assertOrder(all, leaf, "68724315");

  const stranger = tracer.program(9);
  assert.throws(
    () => attachProgram(tracer.program(9), { ...place, anchor: { before: stranger } }),
    /the neighbour is not attached there without a link$/,
  );
  assert.throws(
    () => attachProgram(stranger, { ...place, anchor: { before: link } }),
    /a program that is attached without a link can only be placed before or after another such program$/,
  );
  assert.throws(
    () => attachCgroup(stranger, { cgroup: top.path, anchor: { after: one } }),
    /a link can only be placed before or after another link$/,
  );
  const { revision } = queryCgroup(top.path, TYPE);
  assert.throws(
    () => attachProgram(stranger, { ...place, expectedRevision: revision - 1n }),
    /the list of programs at this hook has changed since revision 8$/,
  );
  assert.throws(
    () => attachCgroup(stranger, { cgroup: top.path, expectedRevision: 99999n }),
    /the list of programs at this hook has changed since revision 99999$/,
  );
  attachProgram(stranger, { ...place, expectedRevision: revision });
  await assertOrder(all, leaf, "687243159");
  assert.throws(
    () => detachProgram(stranger, { cgroup: top.path, expectedRevision: revision }),
    /the list of programs at this hook has changed since revision 9$/,
  );
  detachProgram(stranger, { cgroup: top.path, expectedRevision: revision + 1n });
  assert.throws(
    () => attachProgram(stranger, { cgroup: top.path, anchor: "head" }),
    /the option 'anchor' needs the option 'multi'$/,
  );
});

test("preorder: the programs of ancestor cgroups run first", async (t) => {
  const all = tree(t);
  const { top, middle, leaf, tracer } = all;
  if (!ordersCgroups(top)) return t.skip("cgroups have an order since 6.17");
  const attach = (digit: number, { path }: TestCgroup, preorder: boolean): void => {
    attachProgram(tracer.program(digit), { cgroup: path, multi: true, preorder });
  };
  attach(1, top, false);
  attach(2, top, true);
  attach(3, middle, true);
  attach(4, middle, false);
  attach(5, leaf, false);
  attach(6, leaf, true);
  using link = attachCgroup(tracer.program(7), { cgroup: leaf.path, preorder: true });
  assert.ok(link.id > 0);
  assert.deepEqual(origins(await assertOrder(all, leaf, "2367541")), [
    "top multi preorder",
    "middle multi preorder",
    "leaf multi preorder",
    "leaf multi preorder",
    "leaf multi",
    "middle multi",
    "top multi",
  ]);
  await assertOrder(all, middle, "2341");
});
