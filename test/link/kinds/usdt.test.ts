import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { attachUsdt, KernelLink } from "../../../src/link/index.ts";
import { type BpfObject, loadObject } from "../../../src/load/index.ts";
import type { Program } from "../../../src/program/index.ts";
import { BpfAttachType } from "../../../src/uapi/index.ts";
import { needs } from "../../support/feature.ts";
import { attachmentConformance, linkConformance, ownFds } from "../conformance.ts";
import { RunningTarget } from "../running-target.ts";

function load(t: TestContext, name = "links-usdt", program = "anywhere"): { object: BpfObject; program: Program } {
  const object = loadObject(`test/bpf/${name}.bpf.o`, { programs: [program] });
  t.after(() => object.close());
  return { object, program: object.programs[program] as Program };
}

function seen(object: BpfObject): { hits: bigint; cookie: bigint; values: bigint[] } {
  const { hits, cookie, count, values } = object.variables;
  assert.ok(hits && cookie && count && values);
  return {
    hits: hits.value as bigint,
    cookie: cookie.value as bigint,
    values: (values.value as bigint[]).slice(0, Number(count.value)),
  };
}

const VALUES = [0x1122334455667788n, -5n, 0xfedcn, -120n, -42n, -2n, 0x4444n, 0x1111n];

for (const name of ["target-fixed", "target-moved"]) {
  for (const [usdt, expected] of Object.entries({
    plain: { hits: 1n, values: [], semaphore: 0 },
    values: { hits: 1n, values: VALUES, semaphore: 0 },
    twice: { hits: 2n, values: [8n], semaphore: 0 },
    guarded: { hits: 1n, values: [9n], semaphore: 1 },
  })) {
    test(`USDT ${usdt} of ${name}: arguments, cookie, semaphore`, async (t) => {
      const target = new RunningTarget(t, name);
      const { object, program } = load(t);
      const before = ownFds();
      const place = { binary: target.path, provider: "bpfts", name: usdt, pid: target.pid, cookie: 77n };
      for (let round = 0; round < 20; round++) {
        using link = attachUsdt(program, place);
        assert.equal(link.closed, false);
      }
      {
        using link = attachUsdt(program, place);
        assert.equal(await target.fire(), expected.semaphore);
        assert.deepEqual(seen(object), { hits: expected.hits, cookie: 77n, values: expected.values });
        if (link instanceof KernelLink) {
          const info = link.info();
          assert.ok(info.kind === "uprobe_multi" && info.path === target.path);
        }
      }
      assert.equal(await target.fire(), 0, "the semaphore is down again");
      assert.equal(seen(object).hits, expected.hits, "close() ends it");
      assert.deepEqual(ownFds(), before);
    });
  }
}

test("USDT links", async (t) => {
  const target = new RunningTarget(t, "target-fixed");
  const { object, program } = load(t);
  const kind = {
    first: { program, count: () => seen(object).hits },
    fire: async () => void (await target.fire()),
    attach: (one: Program) => attachUsdt(one, { binary: target.path, provider: "bpfts", name: "twice" }),
  };
  // What a kernel without such links has are uprobes.
  if (program.origin.attachType !== BpfAttachType.BPF_TRACE_UPROBE_MULTI) return attachmentConformance(t, kind);
  await linkConformance(t, {
    ...kind,
    kind: "uprobe_multi",
    detachable: false,
    check: (info) => assert.ok(info.kind === "uprobe_multi" && info.path === target.path && info.offsets.length === 2),
  });
});

test("USDT in all processes, several at once, in an object of libbpf 1.6", async (t) => {
  const target = new RunningTarget(t, "target-fixed");
  const { object, program } = load(t, "links-usdt-old");
  const place = { binary: target.path, provider: "bpfts" };
  using one = attachUsdt(program, { ...place, name: "guarded", cookie: 1 });
  await target.fire();
  assert.deepEqual(seen(object), { hits: 1n, cookie: 1n, values: [9n] });
  {
    using two = attachUsdt(program, { ...place, name: "twice", cookie: 2 });
    await target.fire();
    assert.equal(seen(object).hits, 4n, `${one.what}, ${two.what}`);
  }
  await target.fire();
  assert.deepEqual(seen(object), { hits: 5n, cookie: 1n, values: [9n] });
  assert.throws(
    () => attachUsdt(program, { ...place, name: "values" }),
    /argument 7 has an index register, .* libbpf 1\.7 or newer/,
  );
});

test("a USDT program that is attached to too much at once says what is full", (t) => {
  if (!needs(t, "link:uprobe_multi")) return;
  const target = new RunningTarget(t, "target-fixed");
  const { program } = load(t);
  const place = { binary: target.path, provider: "bpfts", name: "plain" };
  const links = Array.from({ length: 16 }, () => attachUsdt(program, place));
  t.after(() => {
    for (const link of links) link.close();
  });
  assert.throws(
    () => attachUsdt(program, place),
    /all 16 elements of the map __bpf_usdt_specs are in use; define a larger BPF_USDT_MAX_SPEC_CNT in the source of the object$/,
  );
  links.pop()?.close();
  attachUsdt(program, place).close();
});

test("what is wrong with a USDT is said", (t) => {
  const { program } = load(t);
  const path = "test/link/probe/usdt/target-fixed";
  const before = ownFds();
  for (const [place, message] of [
    [{}, /give its binary, provider and name/],
    [{ binary: path, provider: "bpfts", name: "nope" }, /has no USDT bpfts:nope; it has bpfts:plain, bpfts:values/],
    [{ binary: "libm.so.6", provider: "a", name: "b" }, /has no USDTs: its section \.note\.stapsdt is missing|no USDT/],
    [{ binary: "libnope.so.1", provider: "a", name: "b" }, /there is no library libnope\.so\.1 in /],
    [{ binary: "no-such-program", provider: "a", name: "b" }, /there is no program no-such-program in /],
    [{ binary: "/nope", provider: "a", name: "b" }, /there is no file \/nope/],
    [{ binary: "/tmp", provider: "a", name: "b" }, /\/tmp is a directory/],
    [{ binary: "/etc/passwd", provider: "a", name: "b" }, /this is not an ELF file/],
    [{ binary: "test/bpf/links-usdt.bpf.o", provider: "a", name: "b" }, /is built for another processor/],
    [{ binary: path, provider: "bpfts", name: "plain", pid: 99_999_999 }, /there is no process 99999999/],
  ] as const) {
    assert.throws(() => attachUsdt(program, place), message);
  }
  const without = loadObject("test/bpf/links-tracing.bpf.o", { programs: ["on_uprobe"] });
  t.after(() => without.close());
  assert.throws(
    () => attachUsdt(without.programs.on_uprobe as Program, { binary: path, provider: "bpfts", name: "plain" }),
    /the program's object does not have the maps __bpf_usdt_specs and __bpf_usdt_ip_to_spec_id; include <bpf\/usdt\.bpf\.h> in its source$/,
  );
  assert.deepEqual(
    ownFds().filter((name) => name !== "anon_inode:bpf-prog" && name !== "anon_inode:bpf-map"),
    before.filter((name) => name !== "anon_inode:bpf-prog" && name !== "anon_inode:bpf-map"),
  );
});
