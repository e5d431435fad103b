import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { FeatureName } from "../../../src/kernel/features/table.ts";
import {
  attachFreplace,
  attachLsm,
  attachRawTracepoint,
  attachTracing,
  type Link,
  type LinkInfo,
} from "../../../src/link/index.ts";
import { loadObject } from "../../../src/load/index.ts";
import type { Program } from "../../../src/program/index.ts";
import { kernelAtLeast } from "../../../src/sys/index.ts";
import { attachTypeByName } from "../../../src/uapi/index.ts";
import { lacking, needs } from "../../support/feature.ts";
import { linkConformance } from "../conformance.ts";
import { callGetpriority, type Traced, traced } from "../tracing-object.ts";

interface Kind {
  readonly program: string;
  /** Before 5.13 such a program is attached once and never again. */
  readonly once?: boolean;
  readonly needs?: FeatureName;
  /** What a cookie needs. */
  readonly cookie?: FeatureName;
  readonly attach: (program: Program, cookie: bigint | undefined) => Link;
  readonly fire: (first: Traced) => void;
  readonly check: (info: LinkInfo) => void;
}

/** Checks a tracing link's attach type. */
const ofType =
  (name: string) =>
  (info: LinkInfo): void => {
    assert.ok(info.kind === "tracing");
    // 5.13; before the kernel tells no more than the program.
    if (info.attachType !== 0) assert.equal(info.attachType, attachTypeByName(name));
  };

const run = ({ program }: Traced): void => void program.run();
const tracing = (program: Program, cookie: bigint | undefined): Link => attachTracing(program, { cookie });

const kinds: Readonly<Record<string, Kind>> = {
  fentry: {
    program: "on_fentry",
    once: true,
    needs: "attach:fentry",
    cookie: "cookie:tracing",
    attach: tracing,
    fire: run,
    check: ofType("trace_fentry"),
  },
  fexit: {
    program: "on_fexit",
    once: true,
    needs: "attach:fentry",
    cookie: "cookie:tracing",
    attach: tracing,
    fire: run,
    check: ofType("trace_fexit"),
  },
  fmod_ret: {
    program: "on_fmod_ret",
    once: true,
    needs: "attach:fmod_ret_test",
    cookie: "cookie:tracing",
    attach: tracing,
    fire: run,
    check: ofType("modify_return"),
  },
  fsession: {
    program: "on_fsession",
    once: true,
    needs: "attach:fsession",
    cookie: "cookie:tracing",
    attach: tracing,
    fire: run,
    check: ofType("trace_fsession"),
  },
  lsm: {
    program: "on_lsm",
    once: true,
    needs: "attach:lsm_runs",
    cookie: "cookie:tracing",
    attach: (program, cookie) => attachLsm(program, { cookie }),
    fire: () => void readFileSync("/proc/self/stat"),
    check: ofType("lsm_mac"),
  },
  tp_btf: {
    program: "on_tp_btf",
    cookie: "cookie:raw_tracepoint",
    attach: tracing,
    fire: callGetpriority,
    check: (info) => assert.ok(info.kind === "raw_tracepoint" && info.tpName === "sys_enter"),
  },
  raw_tp: {
    program: "on_raw_tp",
    cookie: "cookie:raw_tracepoint",
    attach: (program, cookie) => attachRawTracepoint(program, { cookie }),
    fire: callGetpriority,
    check: (info) => assert.ok(info.kind === "raw_tracepoint" && info.tpName === "sys_enter"),
  },
};

const ATTACHED_ONCE = /kernels before 5\.13 can attach such a program only once/;

/** A hook that every system call passes is passed by the test itself: only between attach and close is it counted. */
const ALWAYS_FIRES: ReadonlySet<string> = new Set(["tp_btf", "raw_tp"]);

for (const [name, kind] of Object.entries(kinds)) {
  test(`${name} links`, async (t) => {
    if (kind.needs !== undefined && !needs(t, kind.needs)) return;
    const first = traced(t, kind.program);
    const once = kind.once === true && !kernelAtLeast(5, 13);
    // To run it is to run the function that it is attached to, whichever program is.
    const runner = once ? traced(t, kind.program) : first;
    await linkConformance(t, {
      kind: ALWAYS_FIRES.has(name) ? "raw_tracepoint" : "tracing",
      first,
      ...(once && { renew: () => traced(t, kind.program) }),
      detachable: false,
      attach: (program) => kind.attach(program, undefined),
      fire: () => kind.fire(runner),
      check: kind.check,
    });
    if (once) assert.throws(() => kind.attach(first.program, undefined), ATTACHED_ONCE);
  });

  test(`${name} links with a cookie`, (t) => {
    if (kind.cookie === undefined || !needs(t, kind.cookie, ...(kind.needs === undefined ? [] : [kind.needs]))) return;
    const first = traced(t, kind.program, { withCookie: true });
    using link = kind.attach(first.program, 0x1234_5678_9abcn);
    kind.fire(first);
    assert.equal(first.cookie(), 0x1234_5678_9abcn);
    const info = link.info() as { cookie?: bigint };
    if (lacking("info:raw_tracepoint_cookie") === false) assert.equal(info.cookie, 0x1234_5678_9abcn);
  });
}

test("a writable raw tracepoint", async (t) => {
  const first = traced(t, "on_raw_tp_writable");
  const { program } = traced(t, "no_link");
  await linkConformance(t, {
    kind: "raw_tracepoint",
    first,
    detachable: false,
    attach: (one) => attachRawTracepoint(one),
    fire: () => void program.run({ dataIn: new Uint8Array(64) }),
    check: (info) => assert.ok(info.kind === "raw_tracepoint" && info.tpName === "bpf_test_finish"),
  });
});

test("freplace links: to the target of the load, and to another", async (t) => {
  if (!needs(t, "attach:freplace")) return;
  const targets = [0, 1].map(() => loadObject("test/bpf/freplace-target.bpf.o"));
  for (const one of targets) t.after(() => one.close());
  const [entry, other] = targets.map(({ programs }) => programs.entry as Program);
  assert.ok(entry && other);
  const packet = { dataIn: new Uint8Array(64) };
  const first = traced(t, "on_freplace", { targets: { on_freplace: entry } });
  await linkConformance(t, {
    kind: "tracing",
    first,
    detachable: false,
    attach: (program) => attachFreplace(program, { target: entry, function: "replaceable" }),
    fire: () => void entry.run(packet),
    check: (info) => {
      assert.ok(info.kind === "tracing");
      if (info.targetObjId !== 0) assert.equal(info.targetObjId, entry.id);
    },
  });
  const pass = entry.run(packet).retval;
  {
    using link = attachFreplace(traced(t, "on_freplace", { targets: { on_freplace: entry } }).program);
    assert.notEqual(entry.run(packet).retval, pass, `${link.what} has taken the function's place`);
  }
  assert.equal(entry.run(packet).retval, pass);
  using elsewhere = attachFreplace(first.program, { target: other, function: "replaceable" });
  assert.notEqual(other.run(packet).retval, pass, elsewhere.what);
  assert.equal(entry.run(packet).retval, pass);
  assert.throws(() => attachFreplace(first.program, { target: other, function: "nope" }), /has no function nope/);
});
