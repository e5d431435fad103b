import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Btf, BtfKind } from "../../src/btf/index.ts";
import { attachIterator, type KernelLink, links, openLink } from "../../src/link/index.ts";
import { BpfAttachType, BpfProgType } from "../../src/uapi/index.ts";
import { counting } from "../support/counting.ts";
import { rounds } from "../support/emulation.ts";
import { ownFds } from "./conformance.ts";

// A process of its own: what it weighs is the process, its heap and its fds.
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const CHURN = join(dirname(fileURLToPath(import.meta.url)), "../support/link-churn-child.js");
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

/** Runs `work` five times, and fails where the last three leave fds or memory: the first make what is made once. */
function leavesNothing(work: () => void): void {
  work();
  work();
  const fds = ownFds();
  const before = memory();
  for (let round = 0; round < 3; round++) work();
  const after = memory();
  assert.deepEqual(ownFds(), fds);
  assert.ok(after.heap - before.heap < 2 * MiB, `the heap grew by ${after.heap - before.heap} bytes`);
  // What V8 keeps for what is to come goes up and down by many megabytes.
  assert.ok(after.process - before.process < 48 * MiB, `the process grew by ${after.process - before.process} bytes`);
}

test("100,000 links attached and closed leave no fd and no memory", (t) => {
  const { program } = counting(t, iterator);
  leavesNothing(() => {
    for (let i = 0; i < rounds(20_000); i++) attachIterator(program).close();
  });
});

test("10,000 links at once: each is listed, opened and gone in the end", (t) => {
  const limit = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  const count = rounds(10_000);
  if (Number(limit) < count + 100) return t.skip(`RLIMIT_NOFILE is ${limit}`);
  const { program } = counting(t, iterator);
  let last = 0;
  leavesNothing(() => {
    const open: KernelLink[] = [];
    try {
      for (let i = 0; i < count; i++) open.push(attachIterator(program) as KernelLink);
      const own = new Set(open.map(({ id }) => id));
      for (const { id } of links()) own.delete(id);
      assert.equal(own.size, 0, "all are listed");
      last = open.at(-1)?.id ?? 0;
    } finally {
      for (const link of open) link.close();
    }
  });
  assert.throws(() => openLink({ id: last }), /there is no link with id/);
});

test("links() goes on where links come and go", async (t) => {
  const { program } = counting(t, iterator);
  const child = spawn(process.execPath, [CHURN, "800"], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  const fds = ownFds();
  await once(child.stdout, "data");
  using stays = attachIterator(program);
  let listings = 0;
  for (const end = performance.now() + 500; performance.now() < end; listings++) {
    assert.ok(
      [...links()].some(({ id }) => id === stays.id),
      "one that stays is always listed",
    );
  }
  assert.deepEqual(await ended, [0, null]);
  stays.close();
  assert.deepEqual(ownFds(), fds);
  assert.ok(listings > 0);
});
