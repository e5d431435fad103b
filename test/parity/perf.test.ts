import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { perfAttachments } from "../../src/inventory/index.ts";
import { needs } from "../support/feature.ts";
import { withHolder } from "../support/holder.ts";
import { ALL_STYLES, assertSameOutput } from "./same-output.ts";

type Ids = Readonly<Record<"progId" | "rawProgId" | "probeProgId", number>>;

/** Another process with a raw tracepoint, a tracepoint, a uprobe and a uretprobe, which ends with the test. */
async function withPerfHolder(t: TestContext): Promise<Ids & { readonly pid: number }> {
  const { pid, said } = await withHolder<Ids>(t, "perf-child.js");
  return { pid, ...said };
}

test("the programs that two processes have attached to perf events and raw tracepoints", async (t) => {
  if (!needs(t, "attach:uprobe")) return;
  const holders = [await withPerfHolder(t), await withPerfHolder(t)];
  const all = perfAttachments();
  for (const { pid, progId, rawProgId, probeProgId } of holders) {
    const own = all.filter((one) => one.pid === pid).map(({ fd: _, ...rest }) => rest);
    assert.deepEqual(own, [
      { pid, progId: rawProgId, kind: "raw_tracepoint", tracepoint: "sys_enter" },
      { pid, progId, kind: "tracepoint", tracepoint: "sched_process_exit" },
      { pid, progId: probeProgId, kind: "uprobe", path: process.execPath, offset: 0x1000n },
      { pid, progId: probeProgId, kind: "uretprobe", path: process.execPath, offset: 0x1000n },
    ]);
  }
});

test("perf show prints what bpftool prints", async (t) => {
  if (!needs(t, "tool:bpftool", "attach:uprobe")) return;
  const pids = new Set([await withPerfHolder(t), await withPerfHolder(t)].map(({ pid }) => pid));
  // Other tests hold perf events, too.
  const only = (text: string): string => {
    if (!text.startsWith("[")) {
      return text
        .split("\n")
        .filter((line) => pids.has(Number(/^pid (\d+)/.exec(line)?.[1])))
        .join("\n");
    }
    const own = (JSON.parse(text) as { pid: number }[]).filter(({ pid }) => pids.has(pid));
    assert.equal(own.length, 8);
    return JSON.stringify(own, undefined, text.startsWith("[{\n") ? 4 : undefined);
  };
  assertSameOutput("perf", { only, styles: ALL_STYLES });
  assertSameOutput("perf list", { only });
  assertSameOutput("perf nonsense", { ownMessage: true });
});
