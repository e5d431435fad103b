import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { appendFileSync, readdirSync, readlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Errno, NotSupportedError, SyscallError, UsageError } from "../../src/errors/index.ts";
import { takeObject } from "../../src/kernel/index.ts";
import { Attachment, KernelLink, type Link, type LinkInfo, links, openLink } from "../../src/link/index.ts";
import type { BpfMap } from "../../src/map/index.ts";
import type { Program } from "../../src/program/index.ts";
import { duplicateFd, kernelVersion } from "../../src/sys/index.ts";
import { withBpffs } from "../support/bpffs.ts";
import { isEmulated } from "../support/emulation.ts";
import { assertLikeBpftool } from "./peer.ts";

/** A program (or, for struct_ops, a map) to attach, and how often its hook ran. */
export interface Attachable<P extends Program | BpfMap = Program> {
  readonly program: P;
  count(): bigint;
}

/** One kind of link, as {@link linkConformance} goes through it. */
export interface LinkKind<P extends Program | BpfMap = Program> {
  /** What `info().kind` is to be. */
  readonly kind: LinkInfo["kind"];
  /** The program to attach. */
  readonly first: Attachable<P>;
  /** Loads the first program anew, where the kernel attaches one once and never again. */
  readonly renew?: (() => Attachable<P>) | undefined;
  /** Another of the same type, to update to; left out where the kind cannot be updated. */
  readonly second?: Attachable<P> | undefined;
  /** Whether `detach()` works: true unless given. */
  readonly detachable?: boolean | undefined;
  /** Whether the hook fires, or is to be taken as firing where nothing in a test can make it: true unless given. */
  readonly fires?: boolean | undefined;
  /** Attaches, each time to the same hook. */
  attach(program: P): Link;
  /** Makes the hook run at least once. */
  fire(): void | Promise<void>;
  /** Checks the fields that this kind has. */
  check(info: LinkInfo): void;
}

const HOLDER = join(dirname(fileURLToPath(import.meta.url)), "../support/link-holder-child.js");

/**
 * What every link does, whatever its kind: it fires, tells about itself, outlives its process by a pin, is found again
 * by pin, id and fd, is updated, detached and closed, and leaves no fd behind.
 */
export async function linkConformance<P extends Program | BpfMap>(t: TestContext, kind: LinkKind<P>): Promise<void> {
  // One for each time that it is attached.
  const { renew } = kind;
  const anew = (): LinkKind<P> => (renew === undefined ? kind : { ...kind, first: renew() });
  const [toFind, toUpdate, toDetach] = [anew(), anew(), anew()];
  const before = ownFds();
  const bpffs = withBpffs(t);
  assert.equal(await fires(kind, kind.first), false, "nothing is attached yet");
  let id: number;
  {
    using link = kind.attach(kind.first.program);
    assert.ok(link instanceof KernelLink, "it is a BPF link");
    const info = told(kind, link);
    assert.equal(await fires(kind, kind.first), true, "it fires");
    await outlives(kind, link, join(bpffs, "link"), info);
    id = await found(toFind, link);
  }
  await assertGone(id);
  await assertSilent(toFind, "close() without a pin ends it");
  await updated(toUpdate);
  await detached(toDetach);
  assert.deepEqual(ownFds(), before, "no fd is left");
  recordConformance(t.name, kind.kind);
}

/**
 * With BPFTS_LINK_RECORD a file is told which kinds of links were found right on this kernel: docs/links.md is made of
 * it (scripts/link-kinds.mjs).
 */
export function recordConformance(name: string, kind: string): void {
  const file = process.env.BPFTS_LINK_RECORD;
  if (file === undefined) return;
  const { major, minor } = kernelVersion();
  appendFileSync(file, `${JSON.stringify({ name, kind, kernel: `${major}.${minor}` })}\n`);
}

/** Whether the hook's counter moves. Some hooks run a moment later than what makes them. */
export async function fires<P extends Program | BpfMap>(kind: LinkKind<P>, { count }: Attachable<P>): Promise<boolean> {
  if (kind.fires === false) return false;
  const start = count();
  await kind.fire();
  for (let wait = 0; wait < 3; wait++) {
    if (count() > start) return true;
    await sleep(10);
  }
  return count() > start;
}

/** Fails unless the first program's hook is without it, at once or soon: a link's id goes before what it attached. */
async function assertSilent<P extends Program | BpfMap>(kind: LinkKind<P>, message: string): Promise<void> {
  for (let wait = 0; wait < 100; wait++) {
    if (!(await fires(kind, kind.first))) return;
    await sleep(10);
  }
  assert.fail(message);
}

/** The info is of the kind, has the right program, and says what bpftool says. */
function told<P extends Program | BpfMap>(kind: LinkKind<P>, link: Link): LinkInfo {
  const info = link.info();
  assert.equal(info.kind, kind.kind);
  assert.deepEqual([info.id, info.type], [link.id, link.type]);
  // A struct_ops link has a map instead.
  if (info.kind !== "struct_ops") assert.equal(info.progId, kind.first.program.id);
  kind.check(info);
  assertLikeBpftool(info);
  return info;
}

/** Kinds of links that went from process to process, by what their info tells them apart; under emulation each does once. */
const travelled = new Set<string>();

function kindOf(info: LinkInfo): string {
  const attached = "attachType" in info ? info.attachType : "";
  const event = info.kind === "perf_event" ? info.event.kind : "";
  return `${info.kind} ${attached} ${event}`;
}

/** A process that holds the only fd pins the link and ends; another opens the pin, and then alone holds the link. */
async function outlives<P extends Program | BpfMap>(
  kind: LinkKind<P>,
  link: KernelLink,
  path: string,
  info: LinkInfo,
): Promise<void> {
  const already = travelled.has(kindOf(info));
  travelled.add(kindOf(info));
  if (isEmulated && already) return outlivesPinned(kind, link, path, info);
  const pinning = spawnSync(process.execPath, [HOLDER, "pin", path], {
    stdio: ["ignore", "ignore", "pipe", link.fd],
    encoding: "utf8",
  });
  assert.equal(pinning.status, 0, pinning.stderr);
  link.close();
  assert.throws(() => link.info(), { code: "CLOSED" });
  assert.equal(await fires(kind, kind.first), kind.fires !== false, "it fires while only the pin holds it");
  const holder = spawn(process.execPath, [HOLDER, "hold", path], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => holder.once("close", resolve));
  try {
    const line = await new Promise<string>((resolve, reject) => {
      holder.stdout.once("data", (data) => resolve(String(data)));
      holder.once("close", (code) => reject(new Error(`the other process ended with ${code}`)));
    });
    assert.deepEqual(JSON.parse(line), plainInfo(info), "another process is told the same");
    assert.equal(await fires(kind, kind.first), kind.fires !== false, "it fires while the other process holds it");
  } finally {
    holder.stdin.end();
    await ended;
  }
  await assertGone(info.id);
  await assertSilent(kind, "it ends with the process that held it");
}

/** What {@link outlives} asserts, in one process. */
async function outlivesPinned<P extends Program | BpfMap>(
  kind: LinkKind<P>,
  link: KernelLink,
  path: string,
  info: LinkInfo,
): Promise<void> {
  link.pin(path);
  link.close();
  assert.equal(await fires(kind, kind.first), kind.fires !== false, "it fires while only the pin holds it");
  {
    using opened = openLink({ pinned: path });
    opened.unpin();
    assert.deepEqual(opened.info(), info);
    assert.equal(await fires(kind, kind.first), kind.fires !== false, "it fires without the pin");
  }
  await assertGone(info.id);
  await assertSilent(kind, "it ends with what held it");
}

/** A link is opened by pin, id and fd, and found among all links. Returns its id. */
async function found<P extends Program | BpfMap>(kind: LinkKind<P>, old: KernelLink): Promise<number> {
  assert.equal(old.closed, true);
  using link = kind.attach(kind.first.program);
  assert.ok(link instanceof KernelLink);
  const now = link.info();
  using byId = openLink({ id: now.id });
  using byFd = openLink({ fd: duplicateFd(link.fd) });
  assert.deepEqual(byId.info(), now);
  assert.deepEqual(byFd.info(), now);
  using taken = findAndTake(now.id);
  assert.deepEqual(taken.info(), now);
  assert.equal(await fires(kind, kind.first), kind.fires !== false, "it fires");
  return now.id;
}

/**
 * Fails unless a link's id is gone, at once or soon: a pin that was removed lets go of its link a moment later, and who
 * lists all links holds each for a moment.
 */
export async function assertGone(id: number): Promise<void> {
  for (let wait = 0; wait < 100; wait++) {
    try {
      openLink({ id }).close();
    } catch (error) {
      assert.ok(error instanceof UsageError && error.message === `there is no link with id ${id}`, String(error));
      return;
    }
    await sleep(10);
  }
  assert.fail(`link ${id} is still there`);
}

function findAndTake(id: number): KernelLink {
  for (const one of links()) if (one.id === id) return takeObject(one);
  throw new Error(`links() does not list link ${id}`);
}

/** Another program takes over; a wrong `old` changes nothing. */
async function updated<P extends Program | BpfMap>(kind: LinkKind<P>): Promise<void> {
  const { first, second } = kind;
  using link = kind.attach(first.program);
  if (second === undefined) {
    assert.throws(() => link.update(first.program), NotSupportedError, "it cannot be updated");
    return;
  }
  const isRefused = (error: unknown): boolean => error instanceof SyscallError && error.errno === Errno.EPERM;
  assert.throws(() => link.update(second.program, { old: second.program }), isRefused, "another `old` is refused");
  if (kind.fires !== false) assert.equal(await fires(kind, first), true, "nothing has changed then");
  link.update(second.program, { old: first.program });
  const info = link.info();
  const present = info.kind === "struct_ops" ? info.mapId : info.progId;
  assert.equal(present, second.program.id);
  if (kind.fires === false) return;
  assert.equal(await fires(kind, second), true, "the new program fires");
  assert.equal(await fires(kind, first), false, "the old one does not");
  link.update(first.program);
  assert.equal(await fires(kind, first), true, "the first is back");
}

/** The link stays open, without effect. */
async function detached<P extends Program | BpfMap>(kind: LinkKind<P>): Promise<void> {
  using link = kind.attach(kind.first.program);
  if (kind.detachable === false) {
    assert.throws(() => link.detach(), NotSupportedError, "it cannot be detached");
    return;
  }
  assert.notEqual(hookOf(link.info()), 0n);
  link.detach();
  assert.equal(await fires(kind, kind.first), false, "it is detached");
  const info = link.info();
  assert.equal(info.id, link.id, "and still there");
  if (info.kind === "netfilter") return;
  assert.equal(hookOf(info), 0n, "its info names no hook");
  assertLikeBpftool(info);
  const { second } = kind;
  if (second === undefined) return;
  const isDefunct = (error: unknown): boolean => error instanceof SyscallError && error.errno === Errno.ENOLINK;
  assert.throws(() => link.update(second.program), isDefunct, "it takes no program any more");
}

/** What a link that can be detached is attached to; 0 where it is defunct, but for netfilter, which does not tell. */
function hookOf(info: LinkInfo): bigint {
  switch (info.kind) {
    case "xdp":
    case "tcx":
    case "netkit":
      return BigInt(info.ifindex);
    case "cgroup":
      return info.cgroupId;
    case "netns":
      return BigInt(info.netnsIno);
    case "sockmap":
    case "struct_ops":
      return BigInt(info.mapId);
    default:
      return 1n;
  }
}

/** An info as it looks after JSON, where a bigint is text and undefined is nothing. */
function plainInfo(info: LinkInfo): unknown {
  return JSON.parse(JSON.stringify(info, (_, value) => (typeof value === "bigint" ? String(value) : value)));
}

/** This process's fds of BPF objects, perf events and files; Node's own pipes and polls come and go. */
export function ownFds(): string[] {
  const names = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  });
  return names.filter((name) => /^anon_inode:(bpf|\[bpf|\[perf|\[?btf)|^net:|^\/(?!proc|dev)/.test(name)).sort();
}

/** One way to attach without a BPF link, as {@link attachmentConformance} goes through it. */
export interface AttachmentKind extends Omit<LinkKind, "kind" | "check" | "detachable"> {}

/** What every attachment without a BPF link does: it fires, is detached and closed, and says what it cannot. */
export async function attachmentConformance(t: TestContext, attachment: AttachmentKind): Promise<void> {
  const before = ownFds();
  const { first, second } = attachment;
  const kind: LinkKind = { ...attachment, kind: "unknown", check: () => {} };
  const expected = kind.fires !== false;
  assert.equal(await fires(kind, first), false, "nothing is attached yet");
  {
    using link = kind.attach(first.program);
    assert.ok(link instanceof Attachment, "it is no BPF link");
    assert.equal(await fires(kind, first), expected, "it fires");
    assert.equal(link.isPinned, false);
    link.unpin();
    const refused = [() => link.id, () => link.fd, () => link.info(), () => link.pin("/sys/fs/bpf/nowhere")];
    for (const call of refused) {
      assert.throws(call, (error) => error instanceof NotSupportedError && /without a BPF link/.test(error.message));
    }
    if (second === undefined) assert.throws(() => link.update(first.program), NotSupportedError);
    else {
      assert.throws(() => link.update(second.program, { old: second.program }), "another `old` is refused");
      link.update(second.program);
      assert.equal(await fires(kind, second), expected, "the new program fires");
      assert.equal(await fires(kind, first), false, "the old one does not");
    }
  }
  const last = second ?? first;
  assert.equal(await fires(kind, last), false, "close() ends it");
  using link = kind.attach(first.program);
  link.detach();
  link.detach();
  assert.equal(await fires(kind, first), false, "detach() ends it");
  link.close();
  link.close();
  assert.throws(() => link.detach(), { code: "CLOSED" });
  assert.deepEqual(ownFds(), before, "no fd is left");
  recordConformance(t.name, "attachment");
}
