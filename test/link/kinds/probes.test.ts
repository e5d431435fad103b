import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findFunction, parseElf } from "../../../src/elf/index.ts";
import type { FeatureName } from "../../../src/kernel/features/table.ts";
import {
  attachKprobe,
  attachKretprobe,
  attachKretsyscall,
  attachKsyscall,
  attachPerfEvent,
  attachTracepoint,
  attachUprobe,
  attachUretprobe,
  type Link,
} from "../../../src/link/index.ts";
import type { Program } from "../../../src/program/index.ts";
import { closeFd, kernelAtLeast, perfEventOpen, traceProbes } from "../../../src/sys/index.ts";
import { withBpffs } from "../../support/bpffs.ts";
import { lacking, needs } from "../../support/feature.ts";
import { attachmentConformance, linkConformance } from "../conformance.ts";
import { callGetpriority, traced } from "../tracing-object.ts";

const LIBC = realpathSync("/lib/x86_64-linux-gnu/libc.so.6");
const GETPRIORITY = findFunction(parseElf(readFileSync(LIBC), "libc"), "getpriority").offset;

/** Runs long enough for a clock of a thousandth of a second to tick. */
function spin(): void {
  const end = performance.now() + 20;
  while (performance.now() < end);
}

interface Probe {
  readonly program: string;
  readonly attach: (program: Program, mode: "link" | "ioctl" | "tracefs", cookie: bigint | undefined) => Link;
  /** What the link says of its event. */
  readonly event: Readonly<Record<string, unknown>>;
  readonly needs?: FeatureName;
  readonly fire?: () => void;
  readonly modes?: readonly ("ioctl" | "tracefs")[];
}

const probes: Readonly<Record<string, Probe>> = {
  uprobe: {
    program: "on_uprobe",
    attach: (program, mode, cookie) => attachUprobe(program, { mode, cookie }),
    event: { kind: "uprobe", offset: GETPRIORITY },
    modes: ["ioctl", "tracefs"],
  },
  "uprobe of one process, by version": {
    program: "on_uprobe_anywhere",
    attach: (program, mode, cookie) =>
      attachUprobe(program, {
        binary: "libc.so.6",
        symbol: "getpriority@GLIBC_2.2.5",
        pid: process.pid,
        mode,
        cookie,
      }),
    event: { kind: "uprobe", offset: GETPRIORITY },
    modes: ["ioctl", "tracefs"],
  },
  "uprobe by offset": {
    program: "on_uprobe_anywhere",
    attach: (program, mode, cookie) => attachUprobe(program, { binary: LIBC, offset: GETPRIORITY, mode, cookie }),
    event: { kind: "uprobe", offset: GETPRIORITY, fileName: LIBC },
  },
  uretprobe: {
    program: "on_uretprobe",
    attach: (program, mode, cookie) => attachUretprobe(program, { mode, cookie }),
    event: { kind: "uretprobe", offset: GETPRIORITY },
    modes: ["ioctl", "tracefs"],
  },
  tracepoint: {
    program: "on_tracepoint",
    attach: (program, _, cookie) => attachTracepoint(program, { cookie }),
    event: { kind: "tracepoint", tpName: "sys_enter_getpriority" },
  },
  "perf event": {
    program: "on_perf_event",
    attach: (program, _, cookie) =>
      attachPerfEvent(program, { event: { software: "task_clock" }, pid: 0, period: 1_000_000, cookie }),
    // The clocks have PMUs of their own, whose number the kernel tells from 6.x on.
    event: { kind: "event" },
    fire: spin,
  },
  kprobe: {
    program: "on_kprobe",
    attach: (program, mode, cookie) => attachKprobe(program, { symbol: "__x64_sys_getpriority", mode, cookie }),
    event: { kind: "kprobe", funcName: "__x64_sys_getpriority", offset: 0 },
    needs: "attach:kprobe",
    modes: ["ioctl", "tracefs"],
  },
  kretprobe: {
    program: "on_kretprobe",
    attach: (program, mode, cookie) => attachKretprobe(program, { symbol: "__x64_sys_getpriority", mode, cookie }),
    event: { kind: "kretprobe", funcName: "__x64_sys_getpriority" },
    needs: "attach:kprobe",
    modes: ["ioctl", "tracefs"],
  },
  ksyscall: {
    program: "on_ksyscall",
    attach: (program, mode, cookie) => attachKsyscall(program, { mode, cookie }),
    event: { kind: "kprobe", funcName: "__x64_sys_getpriority" },
    needs: "attach:kprobe",
  },
  kretsyscall: {
    program: "on_kretsyscall",
    attach: (program, mode, cookie) => attachKretsyscall(program, { mode, cookie }),
    event: { kind: "kretprobe", funcName: "__x64_sys_getpriority" },
    needs: "attach:kprobe",
  },
};

for (const [name, probe] of Object.entries(probes)) {
  const fire = probe.fire ?? callGetpriority;

  test(`${name}: by a link`, async (t) => {
    if (!needs(t, "link:perf_event") || (probe.needs !== undefined && !needs(t, probe.needs))) return;
    const first = traced(t, probe.program, { withCookie: true });
    await linkConformance(t, {
      kind: "perf_event",
      first,
      detachable: false,
      fire,
      attach: (program) => probe.attach(program, "link", 77n),
      check: (info) => {
        assert.ok(info.kind === "perf_event");
        const { event } = info;
        // Before 6.6 the kernel does not tell.
        if (event.kind === "unspec") return;
        for (const [field, value] of Object.entries(probe.event)) {
          assert.deepEqual((event as unknown as Record<string, unknown>)[field], value, field);
        }
        assert.equal((event as { cookie?: bigint }).cookie ?? 77n, 77n);
      },
    });
    assert.equal(first.cookie(), 77n, "the program sees its cookie");
  });

  for (const mode of probe.modes ?? []) {
    test(`${name}: by ${mode}`, async (t) => {
      if (probe.needs !== undefined && !needs(t, probe.needs)) return;
      const first = traced(t, probe.program);
      const kind = { first, fire, attach: (program: Program) => probe.attach(program, mode, undefined) };
      if (mode === "ioctl" || !kernelAtLeast(5, 15)) await attachmentConformance(t, kind);
      else {
        using link = kind.attach(first.program);
        fire();
        assert.ok(first.count() > 0n);
        assert.throws(() => link.pin(join(withBpffs(t), "link")), /its event in tracefs would then never be removed/);
      }
      // Those of other tests that run at the same time are theirs.
      const own = traceProbes().filter((event) => event.startsWith(`p${process.pid}_`));
      assert.deepEqual(own, [], "tracefs has no event of ours left");
    });
  }
}

/** The same calls as users write them, without a mode. */
const plain: Readonly<Record<string, (program: Program) => Link>> = {
  uprobe: (program) => attachUprobe(program),
  uretprobe: (program) => attachUretprobe(program),
  tracepoint: (program) => attachTracepoint(program),
  "perf event": (program) => attachPerfEvent(program, { event: { software: "task_clock" }, pid: 0, period: 1_000_000 }),
  kprobe: (program) => attachKprobe(program, { symbol: "__x64_sys_getpriority" }),
  kretprobe: (program) => attachKretprobe(program, { symbol: "__x64_sys_getpriority" }),
  ksyscall: (program) => attachKsyscall(program),
  kretsyscall: (program) => attachKretsyscall(program),
};

for (const [name, attach] of Object.entries(plain)) {
  test(`${name}: on a kernel without links to perf events`, async (t) => {
    if (lacking("link:perf_event") === false) return t.skip("this kernel has links to perf events");
    const probe = probes[name] as Probe;
    const fire = probe.fire ?? callGetpriority;
    await attachmentConformance(t, { first: traced(t, probe.program), fire, attach });
    assert.throws(() => probe.attach(traced(t, probe.program).program, "link", 5n), /cookies|links/);
  });
}

test("a uprobe on the stub by which a program calls an imported function", (t) => {
  const first = traced(t, "on_uprobe_anywhere", { everybody: true });
  const run = (): void => void execFileSync("/bin/sh", ["-c", "kill -0 $$"]);
  assert.throws(
    () => attachUprobe(first.program, { binary: "/bin/sh", symbol: "kill" }),
    /or to kill@plt for the calls from this file$/,
  );
  using link = attachUprobe(first.program, { binary: "/bin/sh", symbol: "kill@plt" });
  assert.equal(first.count(), 0n);
  run();
  assert.equal(first.count(), 1n, link.what);
});

test("a perf event of the caller's stays the caller's", (t) => {
  if (!needs(t, "link:perf_event")) return;
  const first = traced(t, "on_perf_event");
  const fd = perfEventOpen({ type: 1, config: 1, sample_period: 1_000_000 });
  try {
    {
      using link = attachPerfEvent(first.program, { event: { fd } });
      spin();
      assert.ok(first.count() > 0n);
      assert.equal(link.info().kind, "perf_event");
    }
    const before = first.count();
    spin();
    assert.equal(first.count(), before, "the link's end is the program's");
    using again = attachPerfEvent(first.program, { event: { fd } });
    assert.equal(again.typeName, "perf_event");
  } finally {
    closeFd(fd);
  }
});

test("a kretprobe with maxActive is made in tracefs, and goes with its link", (t) => {
  if (!needs(t, "attach:kprobe")) return;
  const first = traced(t, "on_kretprobe");
  {
    using link = attachKretprobe(first.program, { symbol: "__x64_sys_getpriority", maxActive: 64 });
    assert.equal(traceProbes().filter((event) => event.startsWith(`p${process.pid}_`)).length, 1);
    callGetpriority();
    assert.equal(first.count(), 1n, link.what);
  }
  assert.deepEqual(
    traceProbes().filter((event) => event.startsWith(`p${process.pid}_`)),
    [],
  );
});

test("a kprobe in the middle of a function", (t) => {
  if (!needs(t, "attach:kprobe")) return;
  const { program } = traced(t, "on_kprobe");
  // The entry is a 5-byte call of ftrace's, behind an endbr64 of 4 bytes where there is one.
  const offsets = [4, 5, 9].filter((offset) => {
    try {
      attachKprobe(program, { symbol: "__x64_sys_getpriority", offset }).close();
      return true;
    } catch (error) {
      assert.match(
        String(error),
        /the offset is in the middle of an instruction$|the offset is not in this function, or the kernel does not allow a probe there$/,
      );
      return false;
    }
  });
  assert.ok(offsets.length > 0);
});
