import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Btf, BtfKind } from "../../../src/btf/index.ts";
import { attachIterator, type KernelLink, links, openLink } from "../../../src/kernel/index.ts";
import { BpfAttachType, BpfProgType } from "../../../src/uapi/index.ts";
import { counting } from "../../support/counting.ts";
import { ownFds } from "./conformance.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const MiB = 2 ** 20;
const iterator = {
  prog_type: BpfProgType.BPF_PROG_TYPE_TRACING,
  expected_attach_type: BpfAttachType.BPF_TRACE_ITER,
  attach_btf_id: Btf.parse(readFileSync("/sys/kernel/btf/vmlinux"), { source: "vmlinux" }).find(
    "bpf_iter_task",
    BtfKind.FUNC,
  ),
};

/** Bytes of JavaScript and of the whole process, with nothing to collect. */
function memory(): { heap: number; process: number } {
  collect();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed, process: rss };
}

/** Runs `work`, and fails where it leaves fds or memory. What is made once, at the first time, is not counted. */
function leavesNothing(work: (times: number) => void, times: number): void {
  work(Math.ceil(times / 10));
  const fds = ownFds();
  const before = memory();
  work(times);
  const after = memory();
  assert.deepEqual(ownFds(), fds);
  assert.ok(after.heap - before.heap < 2 * MiB, `the heap grew by ${after.heap - before.heap} bytes`);
  assert.ok(after.process - before.process < 24 * MiB, `the process grew by ${after.process - before.process} bytes`);
}

test("100,000 links attached and closed leave no fd and no memory", (t) => {
  const { program } = counting(t, iterator);
  leavesNothing((times) => {
    for (let i = 0; i < times; i++) attachIterator(program).close();
  }, 100_000);
});

test("10,000 links at once: each is listed, opened and gone in the end", (t) => {
  const limit = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  if (Number(limit) < 10_100) return t.skip(`RLIMIT_NOFILE is ${limit}`);
  const { program } = counting(t, iterator);
  let last = 0;
  leavesNothing((times) => {
    const open: KernelLink[] = [];
    try {
      for (let i = 0; i < times; i++) open.push(attachIterator(program) as KernelLink);
      const own = new Set(open.map(({ id }) => id));
      for (const { id } of links()) own.delete(id);
      assert.equal(own.size, 0, "all are listed");
      last = open.at(-1)?.id ?? 0;
    } finally {
      for (const link of open) link.close();
    }
  }, 10_000);
  assert.throws(() => openLink({ id: last }), /there is no link with id/);
});
