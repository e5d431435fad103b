import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { findFunction, parseElf } from "../../../src/elf/index.ts";
import type { FeatureName } from "../../../src/kernel/features/table.ts";
import { attachKprobeMulti, attachTracingMulti, attachUprobeMulti } from "../../../src/link/index.ts";
import { kernelSymbolsByName } from "../../../src/sys/index.ts";
import { needs } from "../../support/feature.ts";
import { linkConformance } from "../conformance.ts";
import { callGetpriority, traced } from "../tracing-object.ts";

const LIBC = parseElf(readFileSync("/lib/x86_64-linux-gnu/libc.so.6"), "libc");
const GETPRIORITY = findFunction(LIBC, "getpriority").offset;
const GETPPID = findFunction(LIBC, "getppid").offset;

test("uprobe_multi by symbols, with cookies", async (t) => {
  if (!needs(t, "link:uprobe_multi")) return;
  const first = traced(t, "on_uprobe_multi", { withCookie: true });
  await linkConformance(t, {
    kind: "uprobe_multi",
    first,
    detachable: false,
    fire: () => void process.ppid,
    attach: (program) =>
      attachUprobeMulti(program, { binary: "libc.so.6", symbols: ["getpriority", "getppid"], cookies: [5, 6n] }),
    check: (info) => {
      assert.ok(info.kind === "uprobe_multi");
      assert.deepEqual(info.offsets, [BigInt(GETPRIORITY), BigInt(GETPPID)]);
      assert.deepEqual(info.cookies, [5n, 6n]);
      assert.match(info.path, /libc\.so\.6$/);
    },
  });
  assert.equal(first.cookie(), 6n);
});

for (const [name, kind] of Object.entries({
  "uprobe_multi by its section's pattern": {
    program: "on_uprobe_multi",
    needs: "link:uprobe_multi",
    place: {},
    runs: 1n,
  },
  "uretprobe_multi by offset, of one process": {
    program: "on_uretprobe_multi",
    needs: "link:uprobe_multi",
    place: { binary: "libc.so.6", offsets: [GETPRIORITY], returns: true, pid: process.pid },
    runs: 1n,
  },
  "uprobe session": { program: "on_uprobe_session", needs: "link:uprobe_session", place: {}, runs: 2n },
})) {
  test(name, async (t) => {
    if (!needs(t, kind.needs as FeatureName)) return;
    const first = traced(t, kind.program);
    await linkConformance(t, {
      kind: "uprobe_multi",
      first,
      detachable: false,
      fire: callGetpriority,
      attach: (program) => attachUprobeMulti(program, kind.place),
      check: (info) => assert.ok(info.kind === "uprobe_multi" && info.offsets[0] === BigInt(GETPRIORITY)),
    });
    using link = attachUprobeMulti(first.program, kind.place);
    const before = first.count();
    callGetpriority();
    assert.equal(first.count() - before, kind.runs, link.what);
  });
}

/** Runs bpf_fentry_test1 and its like in the kernel, on this process's time. */
function fireTests(t: Parameters<typeof traced>[0]): () => void {
  const { program } = traced(t, "on_fentry");
  return () => void program.run();
}

test("kprobe_multi by symbols, with cookies", async (t) => {
  if (!needs(t, "link:kprobe_multi")) return;
  const first = traced(t, "on_kprobe_multi", { withCookie: true });
  await linkConformance(t, {
    kind: "kprobe_multi",
    first,
    detachable: false,
    fire: fireTests(t),
    attach: (program) =>
      attachKprobeMulti(program, { symbols: ["bpf_fentry_test1", "__x64_sys_getpriority"], cookies: [8, 9] }),
    check: (info) => assert.ok(info.kind === "kprobe_multi" && info.count === 2 && info.flags === 0),
  });
  assert.equal(first.cookie(), 8n);
});

for (const [name, kind] of Object.entries({
  "kprobe_multi by its section's pattern": {
    program: "on_kprobe_multi",
    needs: "link:kprobe_multi",
    flags: 0,
    runs: 1n,
  },
  "kretprobe_multi by pattern": { program: "on_kretprobe_multi", needs: "link:kprobe_multi", flags: 1, runs: 1n },
  "kprobe session": { program: "on_kprobe_session", needs: "link:kprobe_session", flags: 0, runs: 2n },
})) {
  test(name, async (t) => {
    if (!needs(t, kind.needs as FeatureName)) return;
    const first = traced(t, kind.program);
    const place = { pattern: "bpf_fentry_tes?1", returns: kind.flags === 1 };
    const fire = fireTests(t);
    await linkConformance(t, {
      kind: "kprobe_multi",
      first,
      detachable: false,
      fire,
      attach: (program) => attachKprobeMulti(program, { symbols: ["bpf_fentry_test1"], returns: place.returns }),
      check: (info) => {
        assert.ok(info.kind === "kprobe_multi");
        assert.deepEqual([info.count, info.flags], [1, kind.flags]);
      },
    });
    {
      using link = attachKprobeMulti(first.program, place);
      const before = first.count();
      fire();
      assert.equal(first.count() - before, kind.runs, link.what);
    }
    // All of them, and one by its address.
    using all = attachKprobeMulti(first.program, { pattern: "bpf_fentry_test*", returns: place.returns });
    const info = all.info();
    assert.ok(info.kind === "kprobe_multi" && info.count >= 7, JSON.stringify(info.kind));
    const address = kernelSymbolsByName(["bpf_fentry_test1"]).get("bpf_fentry_test1")?.address as bigint;
    using one = attachKprobeMulti(first.program, { addresses: [address], returns: place.returns });
    const { kind: oneKind } = one.info();
    assert.equal(oneKind, "kprobe_multi");
  });
}

test("fentry.multi by pattern", async (t) => {
  if (!needs(t, "link:tracing_multi")) return;
  const first = traced(t, "on_fentry_multi");
  await linkConformance(t, {
    kind: "tracing_multi",
    first,
    detachable: false,
    fire: fireTests(t),
    attach: (program) => attachTracingMulti(program, { pattern: "bpf_fentry_test?" }),
    // On 7.2, the first to have them, the info said nothing of the functions.
    check: (info) => assert.ok(info.kind === "tracing_multi" && (info.count >= 7 || info.count === 0)),
  });
});
