import assert from "node:assert/strict";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Errno, NotSupportedError, SyscallError } from "../../src/errors/index.ts";
import {
  Attachment,
  attachProgram,
  attachRaw,
  attachXdp,
  type KernelLink,
  openLink,
  queryPrograms,
} from "../../src/link/index.ts";
import { openProgram } from "../../src/program/index.ts";
import { duplicateFd } from "../../src/sys/index.ts";
import { BpfAttachFlag, BpfAttachType, BpfLinkType, BpfProgType, XdpFlag } from "../../src/uapi/index.ts";
import { withBpffs } from "../support/bpffs.ts";
import { type Counting, counting } from "../support/counting.ts";
import { ping, withVeth } from "../support/netns.ts";
import { assertGone, linkConformance, ownFds } from "./conformance.ts";

const xdp = { prog_type: BpfProgType.BPF_PROG_TYPE_XDP, result: 2 };

/** An XDP link to a device of the test's own. */
function withLink(t: TestContext): { link: KernelLink; first: Counting; device: string; ifindex: number } {
  const { name: device, ifindex } = withVeth(t);
  const first = counting(t, xdp);
  const link = attachXdp(first.program, { device });
  t.after(() => link.close());
  return { link, first, device, ifindex };
}

test("attachRaw: what LINK_CREATE takes, by the kernel's names", async (t) => {
  const veth = withVeth(t);
  await linkConformance(t, {
    kind: "xdp",
    first: counting(t, xdp),
    second: counting(t, xdp),
    attach: (program) =>
      attachRaw({ target: veth.ifindex, program, attachType: "xdp", flags: XdpFlag.XDP_FLAGS_SKB_MODE }),
    fire: () => ping(veth),
    check: (info) => assert.ok(info.kind === "xdp" && info.ifindex === veth.ifindex),
  });
});

test("attachRaw adds nothing to what the kernel says", (t) => {
  const { program } = counting(t, xdp);
  const refused = (attachType: string | number, errnoName: string, options = {}): void =>
    assert.throws(() => attachRaw({ target: 0, program, attachType, ...options }), { errnoName });
  refused("xdp", "EINVAL");
  refused(999, "EINVAL");
  refused("tcx_ingress", "EINVAL");
  assert.throws(() => attachRaw({ target: 0, program, attachType: "XDP" }), /"XDP" is not an attach type/);
});

test("an update says what is wrong with it", (t) => {
  const { link, first } = withLink(t);
  const second = counting(t, xdp).program;
  const filter = counting(t, { prog_type: BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER }).program;
  assert.throws(
    () => link.update(filter),
    /link \d+ \(xdp\): .*EINVAL.*program counting \(socket_filter\) does not fit/,
  );
  const isRefused = (error: unknown): boolean =>
    error instanceof SyscallError &&
    error.errno === Errno.EPERM &&
    /the link's program is not program counting, so nothing was replaced/.test(error.message);
  assert.throws(() => link.update(second, { old: second }), isRefused);
  assert.throws(() => link.update(second, { old: second, flags: BpfAttachFlag.BPF_F_REPLACE }), isRefused);
  assert.equal(link.info().progId, first.program.id);
  link.update(second, { old: first.program, flags: BpfAttachFlag.BPF_F_REPLACE });
  assert.equal(link.info().progId, second.id);
  link.detach();
  assert.throws(() => link.update(first.program), /ENOLINK.*the link is detached from its hook/);
});

test("pins: the usual mistakes have names, and leave nothing behind", (t) => {
  const { link } = withLink(t);
  const bpffs = withBpffs(t);
  const taken = join(bpffs, "taken");
  mkdirSync(taken);
  const fds = ownFds();
  const mistakes: readonly (readonly [path: string, message: RegExp])[] = [
    [join(bpffs, "a.b"), /a name in a bpffs cannot contain a dot/],
    [join(bpffs, "deep/er/a.b"), /a name in a bpffs cannot contain a dot/],
    [taken, /the path exists already/],
    ["/tmp/link", /\/tmp is not in a bpffs \(mount one with/],
    ["", /cannot be pinned at an empty path/],
  ];
  for (const [path, message] of mistakes) assert.throws(() => link.pin(path), { code: "USAGE", message });
  assert.equal(link.isPinned, false);
  assert.equal(statSync(join(bpffs, "deep"), { throwIfNoEntry: false }), undefined);

  assert.equal(link.pin(join(bpffs, "deep/er/link")), join(bpffs, "deep"));
  assert.equal(link.isPinned, true);
  const opened = openLink({ pinned: join(bpffs, "deep/er/link") });
  assert.equal(opened.pinnedPath, join(bpffs, "deep/er/link"));
  opened.unpin();
  opened.unpin();
  opened.close();
  assert.equal(opened.isPinned, false);
  link.unpin();
  assert.deepEqual(ownFds(), fds);
});

test("opening: what is gone, and what is something else, is said", async (t) => {
  const { link, first } = withLink(t);
  const bpffs = withBpffs(t);
  const { id } = link;
  first.program.pin(join(bpffs, "program"));
  link.pin(join(bpffs, "link"));
  const fds = ownFds();
  const mistakes: readonly (readonly [call: () => unknown, message: RegExp])[] = [
    [() => openLink({ pinned: join(bpffs, "program") }), /program holds a program, not a link/],
    [() => openProgram({ pinned: join(bpffs, "link") }), /link holds a link, not a program/],
    [() => openLink({ pinned: join(bpffs, "nothing") }), /nothing is pinned at/],
    [() => openLink({ pinned: bpffs }), /is a directory, not a pin/],
    [() => openLink({ pinned: "/etc/passwd" }), /\/etc\/passwd is not in a bpffs/],
    [() => openLink({ fd: first.program.fd }), /fd \d+ is a program, not a link/],
    [() => openLink({ id: 0xfffffff0 }), /there is no link with id 4294967280/],
  ];
  for (const [call, message] of mistakes) assert.throws(call, { code: "USAGE", message });
  assert.deepEqual(ownFds(), fds);
  link.unpin();
  first.program.unpin();
  link.close();
  await assertGone(id);
  for (const call of [() => link.info(), () => link.fd, () => link.detach(), () => link.pin("/x")]) {
    assert.throws(call, { code: "CLOSED" });
  }
});

test("a link's fd is given away by release()", (t) => {
  const { link } = withLink(t);
  const { id } = link;
  using again = openLink({ fd: duplicateFd(link.fd) });
  const fd = link.release();
  assert.equal(link.closed, true);
  using mine = openLink({ fd });
  assert.deepEqual([mine.id, again.id, mine.fd], [id, id, fd]);
});

test("attachments that cannot be updated or described say so, with the kernel that could", () => {
  let ends = 0;
  const attachment = new Attachment({
    what: "perf event of program probe",
    type: BpfLinkType.BPF_LINK_TYPE_PERF_EVENT,
    linkFeature: "link:perf_event",
    end: () => {
      ends += 1;
    },
  });
  assert.equal(attachment.typeName, "perf_event");
  assert.throws(
    () => attachment.pin("/sys/fs/bpf/x"),
    (error) =>
      error instanceof NotSupportedError &&
      error.minVersion === "5.15" &&
      error.message ===
        "this kernel does not support pinning the perf event of program probe (Linux 5.15 or newer has it): the program is attached without a BPF link",
  );
  attachment.detach();
  attachment[Symbol.dispose]();
  assert.equal(ends, 1);
  assert.throws(() => attachment.info(), { code: "CLOSED" });
});

test("hooks that are not there are said: infrared receivers, and wrong targets of PROG_ATTACH and PROG_QUERY", (t) => {
  const { first, device } = withLink(t);
  const cls = counting(t, { prog_type: BpfProgType.BPF_PROG_TYPE_SCHED_CLS }).program;
  const mistakes: readonly (readonly [call: () => unknown, message: RegExp])[] = [
    [() => attachProgram(first.program, { lirc: "/dev/lirc99", attachType: "lirc_mode2" }), /no infrared receiver/],
    [() => queryPrograms({ lirc: "/dev/lirc99" }, "lirc_mode2"), /there is no infrared receiver \/dev\/lirc99/],
    [() => attachProgram(first.program, { lirc: "/dev/null", attachType: "lirc_mode2" }), /takes lirc_mode2 programs/],
    [
      () => queryPrograms({ lirc: "/dev/null" }, "lirc_mode2"),
      /the programs at infrared receiver \/dev\/null as lirc_mode2 cannot be listed/,
    ],
    [() => attachProgram(cls, { device }), /give its attachType/],
    [() => attachProgram(cls, { target: 0, attachType: BpfAttachType.BPF_SK_MSG_VERDICT }), /takes sk_msg programs/],
  ];
  for (const [call, message] of mistakes) assert.throws(call, { message }, String(message));
});
