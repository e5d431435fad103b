import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { test } from "node:test";
import { ClosedError } from "../../src/errors/index.ts";
import {
  closeFd,
  duplicateFd,
  epollAdd,
  epollCreate,
  epollWait,
  FdPoll,
  fdInfo,
  mapCreate,
  mapInfo,
  OwnedFd,
  perfEventDisable,
  perfEventEnable,
  perfEventOpen,
  perfEventReset,
} from "../../src/sys/index.ts";
import { BpfMapType, PerfSoftware, PerfType } from "../../src/uapi/index.ts";
import { owned } from "../support/cleanup.ts";

const newMap = (): number =>
  mapCreate({ map_type: BpfMapType.BPF_MAP_TYPE_RINGBUF, max_entries: 4096, map_name: "fds" });
const isOpen = (fd: number): boolean => existsSync(`/proc/self/fd/${fd}`);

test("an OwnedFd is closed once", () => {
  const fd = new OwnedFd(newMap(), 'map "fds"');
  const { number } = fd;
  assert.equal(fd.closed, false);
  fd.close();
  assert.equal(isOpen(number), false);
  assert.equal(fd.closed, true);
  fd.close();
  assert.throws(() => fd.number, ClosedError);
  assert.throws(() => fd.number, { message: 'map "fds" is closed' });
});

test("using closes it, release() gives it away", () => {
  let number: number;
  {
    using fd = new OwnedFd(newMap(), "a map");
    number = fd.number;
  }
  assert.equal(isOpen(number), false);
  const given = new OwnedFd(newMap(), "a map");
  number = given.release();
  given.close();
  assert.equal(isOpen(number), true);
  assert.throws(() => given.release(), ClosedError);
  closeFd(number);
  assert.throws(() => closeFd(number), { message: "close: Bad file descriptor (EBADF)" });
});

test("fds are close-on-exec, duplicates too", (t) => {
  const fd = owned(t, newMap());
  const copy = owned(t, duplicateFd(fd));
  assert.equal(mapInfo(copy).id, mapInfo(fd).id);
  for (const number of [fd, copy]) {
    const flags = Number.parseInt(fdInfo(number).get("flags") ?? "0", 8);
    assert.equal(flags & 0o2000000, 0o2000000);
  }
  assert.equal(fdInfo(fd).get("map_id"), String(mapInfo(fd).id));
});

test("a forgotten fd warns, with the place of its making if asked to", () => {
  const script = `
    const { OwnedFd, mapCreate } = await import("bpfts/sys");
    process.on("warning", (warning) => {
      console.log(warning.code, warning.message, warning.detail);
      process.exit(0);
    });
    (function forgetful() {
      new OwnedFd(mapCreate({ map_type: 27, max_entries: 4096 }), "a lost map");
    })();
    for (let i = 0; i < 200; i++) {
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    console.log("no warning");`;
  const run = (env: Record<string, string>): string =>
    spawnSync(process.execPath, ["--expose-gc", "--input-type=module", "-e", script], {
      encoding: "utf8",
      env: { ...process.env, ...env },
    }).stdout;
  assert.match(run({}), /^BPFTS_LEAK a lost map \(fd \d+\) was dropped without close\(\).*BPFTS_TRACE_LEAKS/s);
  assert.match(run({ BPFTS_TRACE_LEAKS: "1" }), /a lost map was made here[\s\S]*forgetful/);
});

function clockEvent(): number {
  return perfEventOpen({
    type: PerfType.PERF_TYPE_SOFTWARE,
    config: PerfSoftware.PERF_COUNT_SW_DUMMY,
    bits: ["disabled"],
  });
}

test("perf events start, stop and reset", (t) => {
  const fd = owned(t, clockEvent());
  perfEventEnable(fd);
  perfEventReset(fd);
  perfEventDisable(fd);
  assert.throws(() => perfEventEnable(0), { message: /^ioctl\(PERF_EVENT_IOC_ENABLE\): / });
  assert.throws(() => perfEventOpen({ type: 9999 }), { message: /^perf_event_open: .*\(ENOENT\)/ });
});

test("epoll tells which fd is ready", (t) => {
  const epoll = owned(t, epollCreate());
  assert.deepEqual(epollWait(epoll), []);
  const ready = openSync("/proc/self/mountinfo", "r");
  t.after(() => closeSync(ready));
  // A file of /proc that supports poll is always readable.
  epollAdd(epoll, ready, 1, 77);
  assert.deepEqual(
    epollWait(epoll).map(({ data, events }) => [data, events & 1]),
    [[77, 1]],
  );
  assert.throws(() => epollAdd(epoll, ready), { message: /^epoll_ctl\(EPOLL_CTL_ADD\): File exists \(EEXIST\)/ });
});

test("FdPoll calls back on the event loop, until it is closed", async (t) => {
  const ready = openSync("/proc/self/mountinfo", "r");
  t.after(() => closeSync(ready));
  let calls = 0;
  const poll = new FdPoll(() => {
    calls += 1;
    if (calls === 3) {
      poll.remove(ready);
      poll.close();
    }
  });
  poll.add(ready);
  for (let i = 0; i < 200 && calls < 3; i++) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(calls, 3);
  poll.close();
  assert.throws(() => poll.add(ready), ClosedError);
});

test("an exception from the callback is an uncaught one, and the process may end while it waits unreferenced", () => {
  const sys = JSON.stringify(import.meta.resolve("bpfts/sys"));
  const script = (body: string): string => `const { FdPoll } = await import(${sys});
    const { openSync } = await import("node:fs");
    ${body}`;
  const node = (body: string): { status: number | null; stderr: string; stdout: string } =>
    spawnSync(process.execPath, ["--input-type=module", "-e", script(body)], { encoding: "utf8", timeout: 20_000 });
  const thrown = node(`const poll = new FdPoll(() => { poll.close(); throw new Error("from the callback"); });
    poll.add(openSync("/proc/self/mountinfo", "r"));`);
  assert.equal(thrown.status, 1);
  assert.match(thrown.stderr, /from the callback/);
  const idle = node(`new FdPoll(() => {}).unref(); console.log("over");`);
  assert.deepEqual([idle.status, idle.stdout], [0, "over\n"]);
});
