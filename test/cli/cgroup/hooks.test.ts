import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { assemble, exit, mov, r0, r1 } from "../../../src/asm/index.ts";
import { attachCgroup, queryCgroup } from "../../../src/link/index.ts";
import { Program } from "../../../src/program/index.ts";
import { cgroup2Mount, cgroupId, OwnedFd, progLoad } from "../../../src/sys/index.ts";
import { attachTypeName, BpfAttachType, BpfProgType } from "../../../src/uapi/index.ts";
import { HOOKS, hookProgram } from "../../link/cgroup/programs.ts";
import { hookNeeds, ordersCgroups } from "../../link/cgroup/support.ts";
import { withBpffs } from "../../support/bpffs.ts";
import { CgroupProcess, withCgroup, withCgroupBelow } from "../../support/cgroup.ts";
import { lacking } from "../../support/feature.ts";
import { bpftool, bpfts, hasPeer } from "../run.ts";

const NOTHING = { stdout: "", stderr: "", code: 0 };

/** Ours is bpftool's output, as text, JSON and pretty JSON; where there is no bpftool, at least the text is there. */
function assertLikeBpftool(...words: string[]): void {
  for (const style of [[], ["-j"], ["-p"]]) {
    const ours = bpfts(...style, "cgroup", ...words);
    assert.equal(ours.stderr, "");
    assert.equal(ours.code, 0);
    assert.notEqual(ours.stdout, "");
    // Before 6.0 it asks for flags that the kernel does not know, and shows nothing but the head.
    const knows = words.includes("effective") || lacking("query:cgroup_flags") === false;
    if (hasPeer && knows) assert.equal(ours.stdout, bpftool(...style, "cgroup", ...words).stdout, words.join(" "));
  }
}

test("each attach type, by today's name and by the old one: attached, fired, shown and detached", async (t) => {
  const top = withCgroup(t);
  const { path } = top;
  const below = withCgroupBelow(top, "below").path;
  const child = new CgroupProcess(t);
  const all = HOOKS.filter(([type]) => lacking(...hookNeeds(type)) === false).map(([type, , oldName], i) => {
    const { program, count } = hookProgram(t, type);
    const name = attachTypeName(type) ?? "";
    const words = [i % 2 === 0 ? name : (oldName ?? name), "id", String(program.id)];
    return { type, name, words, count, manner: ["multi", "override", undefined][i % 3] };
  });
  // Programs of unix sockets and LSM are there where the kernel has them; the others everywhere.
  assert.ok(all.length >= 23);
  for (const { words, manner, type } of all) {
    const flags = type === BpfAttachType.BPF_LSM_CGROUP ? ["multi"] : manner === undefined ? [] : [manner];
    assert.deepEqual(bpfts("cgroup", "attach", path, ...words, ...flags), NOTHING, words.join(" "));
  }
  await child.act(below);
  for (const { name, count } of all) assert.ok(count() > 0n, `${name} fires`);
  assertLikeBpftool("show", path);
  assertLikeBpftool("list", path, "effective");
  assertLikeBpftool("show", below, "effective");
  assertLikeBpftool("tree", path);
  assertLikeBpftool("tree", `${path}/`, "eff");
  const shown = JSON.parse(bpfts("-j", "cgroup", "show", path).stdout) as { attach_type: string }[];
  assert.deepEqual(
    shown.map(({ attach_type }) => attach_type),
    all.map(({ name }) => name),
  );
  for (const { words, type } of all) {
    assert.deepEqual(bpfts("cgroup", "detach", path, ...words), NOTHING);
    assert.deepEqual(queryCgroup(path, type).programIds, []);
  }
});

test("the whole tree is found where cgroup2 is mounted", (t) => {
  const { path } = withCgroup(t);
  const { program } = hookProgram(t, BpfAttachType.BPF_CGROUP_DEVICE);
  using link = attachCgroup(program, { cgroup: path });
  type Row = { cgroup: string; programs: { id: number }[] };
  const mine = (rows: Row[]): Row | undefined => rows.find(({ cgroup }) => cgroup === path);
  const ours = mine(JSON.parse(bpfts("-j", "cgroup", "tree").stdout) as Row[]);
  assert.deepEqual(
    ours?.programs.map(({ id }) => id),
    [program.id],
  );
  assert.equal(path.startsWith(`${cgroup2Mount()}/`), true);
  assert.ok(link.id > 0);
  // Other tests' cgroups come and go, so only this one is compared.
  if (hasPeer && lacking("query:cgroup_flags") === false) {
    const theirs = bpftool("-j", "cgroup", "tree").stdout;
    if (!theirs.includes("error")) assert.deepEqual(ours, mine(JSON.parse(theirs) as Row[]));
  }
});

/** A tree of three with a link at the top and a program below. */
function details(t: TestContext): { path: string; below: string; link: number; ids: [number, number] } {
  const top = withCgroup(t);
  const below = withCgroupBelow(top, "below").path;
  withCgroupBelow(top, "left-out");
  const first = hookProgram(t, BpfAttachType.BPF_CGROUP_INET_EGRESS, "first").program;
  const second = hookProgram(t, BpfAttachType.BPF_CGROUP_INET_EGRESS, "second").program;
  const link = attachCgroup(first, { cgroup: top.path });
  t.after(() => link.close());
  for (const name of ["below", "left-out"]) {
    const place = [`${top.path}/${name}`, "egress", "id", String(second.id)];
    assert.deepEqual(bpfts("cgroup", "attach", ...place, "multi"), NOTHING);
  }
  return { path: top.path, below, link: link.id, ids: [first.id, second.id] };
}

test("details: the link, the flags and the cgroup of each attachment", (t) => {
  const { path, below, link, ids } = details(t);
  const [first, second] = ids;
  const row = (id: number, name: string, last: string): string =>
    `${String(id).padEnd(8)} cgroup_inet_egress multi           ${name.padEnd(15)} ${last}`;
  const lines = (...words: string[]): string[] =>
    bpfts("cgroup", ...words)
      .stdout.split("\n")
      .map((line) => line.trimEnd())
      .filter((line) => line !== "");
  const head = "ID       AttachType      AttachFlags     Name            Link     Cgroup";
  assert.deepEqual(lines("show", path, "details"), [head, row(first, "first", `${String(link).padEnd(8)} ${path}`)]);
  assert.deepEqual(lines("show", below, "effective", "details"), [
    head,
    row(second, "second", `-        ${below}`),
    row(first, "first", `${String(link).padEnd(8)} ${path}`),
  ]);
  const json = JSON.parse(bpfts("-j", "cgroup", "show", below, "details", "effective").stdout) as unknown[];
  const plain = { attach_type: "cgroup_inet_egress", attach_btf_name: "", attach_btf_obj_id: 0, attach_btf_id: 0 };
  assert.deepEqual(json, [
    { id: second, name: "second", ...plain, flags: ["multi"], cgroup: below },
    { id: first, name: "first", ...plain, flags: ["multi"], link_id: link, cgroup: path },
  ]);
  assert.deepEqual(lines("tree", path, "except", "left-*"), [
    "CgroupPath",
    "ID       AttachType      AttachFlags     Name",
    path,
    `${String(first).padEnd(8)} cgroup_inet_egress multi           first`,
    below,
    `    ${String(second).padEnd(8)} cgroup_inet_egress multi           second`,
  ]);
  const paths = (...words: string[]): string[] =>
    (JSON.parse(bpfts("-j", "cgroup", "tree", path, ...words).stdout) as { cgroup: string }[]).map(({ cgroup }) =>
      cgroup.slice(path.length),
    );
  assert.deepEqual(paths().sort(), ["", "/below", "/left-out"]);
  assert.deepEqual(paths("except", "*"), [""]);
  assert.deepEqual(paths("except", "below/x", "except", "left?out"), ["", "/below"]);
  assert.deepEqual(paths("except", below), ["", "/left-out"]);
  assert.ok(cgroupId(path) > 0n);
});

test("a tree is shown whole while cgroups come and go", async (t) => {
  const { path } = withCgroup(t);
  const { program } = hookProgram(t, BpfAttachType.BPF_CGROUP_INET_EGRESS);
  using link = attachCgroup(program, { cgroup: path });
  assert.ok(link.id > 0);
  const script = `
    const { mkdirSync, rmdirSync } = require("fs");
    const names = Array.from({ length: 40 }, (_, i) => ${JSON.stringify(path)} + "/c" + i);
    process.stdin.resume().on("end", () => process.exit());
    const churn = () => {
      for (const name of names) mkdirSync(name);
      for (const name of names) rmdirSync(name);
      setImmediate(churn);
    };
    churn();`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["pipe", "ignore", "inherit"] });
  for (let i = 0; i < 8; i++) {
    const { stdout, stderr, code } = bpfts("-j", "cgroup", "tree", path, ...(i % 2 === 0 ? [] : ["effective"]));
    assert.deepEqual([stderr, code], ["", 0]);
    const [first] = JSON.parse(stdout) as { cgroup: string; programs: { id: number }[] }[];
    assert.deepEqual([first?.cgroup, first?.programs.map(({ id }) => id)], [path, [program.id]]);
  }
  child.stdin.end();
  assert.deepEqual(await once(child, "exit"), [0, null]);
});

test("a program by tag, by name and by pin", (t) => {
  const { path } = withCgroup(t);
  const attachType = BpfAttachType.BPF_CGROUP_DEVICE;
  const name = `by_name_${process.pid % 100000}`;
  // Code of its own, for a tag that no other program has.
  const fd = progLoad({
    prog_type: BpfProgType.BPF_PROG_TYPE_CGROUP_DEVICE,
    insns: assemble([mov(r1, process.pid), mov(r0, 1), exit()]),
    prog_name: name,
  });
  using program = new Program(new OwnedFd(fd, name));
  program.pin(`${withBpffs(t)}/pin`);
  for (const handle of [
    ["tag", program.tag],
    ["name", name],
    ["pinned", program.pinnedPath ?? ""],
  ]) {
    assert.deepEqual(bpfts("cgroup", "attach", path, "device", ...handle), NOTHING);
    assert.deepEqual(queryCgroup(path, attachType).programIds, [program.id]);
    assert.deepEqual(bpfts("cgroup", "detach", path, "cgroup_device", ...handle), NOTHING);
    assert.deepEqual(queryCgroup(path, attachType).programIds, []);
  }
});

test("an order, and -l, which older versions had", (t) => {
  const top = withCgroup(t);
  const { path } = top;
  const programs = ["a", "b", "c", "d"].map((name) => {
    const { program } = hookProgram(t, BpfAttachType.BPF_CGROUP_SYSCTL, name);
    return [name, String(program.id)] as const;
  });
  const id = (wanted: string): string => programs.find(([name]) => name === wanted)?.[1] ?? "";
  const attach = (name: string, ...words: string[]): { stdout: string; stderr: string; code: number | null } =>
    bpfts("cgroup", "attach", path, "sysctl", "id", id(name), "multi", ...words);
  assert.deepEqual(attach("a", "-l"), NOTHING);
  assert.equal(bpfts("--legacy", "cgroup", "show", path).code, 0);
  if (!ordersCgroups(top)) {
    assert.match(
      attach("b", "first").stderr,
      /^Error: this kernel does not support an order .* \(Linux 6\.17 or newer/,
    );
    return t.skip("cgroups have an order since 6.17");
  }
  assert.deepEqual(attach("b", "first"), NOTHING);
  assert.deepEqual(attach("c", "before", "id", id("a")), NOTHING);
  assert.deepEqual(attach("d", "aft", "id", id("b")), NOTHING);
  const names = queryCgroup(path, "cgroup_sysctl").programs.map(({ name }) => name);
  assert.deepEqual(names, ["b", "d", "c", "a"]);
  assertLikeBpftool("show", path);
});
