import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { relative } from "node:path";
import { type TestContext, test } from "node:test";
import { Errno } from "../../../src/errors/index.ts";
import {
  attachProgram,
  CGROUP_ATTACH_TYPES,
  type Cgroup,
  cgroupPrograms,
  detachProgram,
  type WalkCgroupsOptions,
  walkCgroups,
} from "../../../src/link/index.ts";
import { closeFd, openCgroup, queryHooks } from "../../../src/sys/index.ts";
import { BpfAttachFlag, BpfAttachType } from "../../../src/uapi/index.ts";
import { bpfts } from "../../cli/run.ts";
import { withCgroup, withCgroupBelow } from "../../support/cgroup.ts";
import { hookProgram } from "./programs.ts";

const EGRESS = BpfAttachType.BPF_CGROUP_INET_EGRESS;

/** Relative paths, each with its level. */
function shape(root: string, options: WalkCgroupsOptions = {}): string[] {
  return [...walkCgroups(root, options)].map(({ path, level }) => `${level} ${relative(root, path)}`.trimEnd()).sort();
}

function makeTree(t: TestContext): string {
  const top = withCgroup(t);
  for (const name of ["a", "b", "c"]) {
    const below = withCgroupBelow(top, name);
    if (name !== "b") for (const inner of ["x", "y"]) withCgroupBelow(below, inner);
  }
  return top.path;
}

test("a walk meets each cgroup once, before those in it, in the order of the file system", (t) => {
  const top = makeTree(t);
  const paths = [...walkCgroups(`${top}//`)].map(({ path }) => path);
  assert.equal(paths[0], top);
  const inOrder = (directory: string): string[] =>
    readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `${directory}/${name}`)
      .sort((a, b) => paths.indexOf(a) - paths.indexOf(b))
      .flatMap((path) => [path, ...inOrder(path)]);
  assert.deepEqual(paths.slice(1), inOrder(top));
  assert.deepEqual(shape(top), ["0", "1 a", "1 b", "1 c", "2 a/x", "2 a/y", "2 c/x", "2 c/y"]);
  assert.deepEqual(shape(`${top}/b`), ["0"]);
});

test("what is left out is left out with all below it", (t) => {
  const top = makeTree(t);
  const asked: string[] = [];
  const except = (path: string): boolean => {
    asked.push(relative(top, path));
    return path.endsWith("/a") || path.endsWith("/y");
  };
  assert.deepEqual(shape(top, { except }), ["0", "1 b", "1 c", "2 c/x"]);
  assert.deepEqual(asked.sort(), ["a", "b", "c", "c/x", "c/y"]);
});

test("a walk goes on where cgroups are removed or made meanwhile", (t) => {
  const top = makeTree(t);
  const seen: string[] = [];
  for (const { path, level } of walkCgroups(top)) {
    seen.push(relative(top, path));
    if (level === 1 && path.endsWith("/a")) {
      mkdirSync(`${path}/late`);
      t.after(() => existsSync(`${path}/late`) && rmdirSync(`${path}/late`));
      rmdirSync(`${path}/x`);
      rmdirSync(`${path}/late`);
    }
  }
  assert.deepEqual(seen.filter((path) => path !== "").sort(), ["a", "a/y", "b", "c", "c/x", "c/y"]);
  mkdirSync(`${top}/a/x`);
});

test("a cgroup that is removed after it was opened is told by its errno, and is no failure", (t) => {
  const top = withCgroup(t);
  mkdirSync(`${top.path}/gone`);
  const directory = openCgroup(`${top.path}/gone`);
  assert.ok(typeof directory === "object");
  t.after(() => closeFd(directory.fd));
  rmdirSync(`${top.path}/gone`);
  const { errno } = queryHooks(directory.fd, [EGRESS]);
  assert.ok([Errno.ENOENT, Errno.ENODEV].includes(errno as 2), `errno ${errno}`);
});

test("a walk asks for everything that asking each hook of each cgroup tells", (t) => {
  const top = makeTree(t);
  const types = [EGRESS, BpfAttachType.BPF_CGROUP_DEVICE, BpfAttachType.BPF_CGROUP_SETSOCKOPT];
  const programs = types.map((type) => hookProgram(t, type).program);
  types.forEach((attachType, i) => {
    const program = programs[i];
    if (program === undefined) return;
    attachProgram(program, { cgroup: top, attachType, multi: true });
    attachProgram(program, { cgroup: `${top}/c/x`, attachType, multi: true });
  });
  for (const options of [{}, { effective: true }, { details: true }, { effective: true, details: true }] as const) {
    const walked = [...walkCgroups(top, options)].map(({ path, programs }) => [path, programs]);
    const asked = [...walkCgroups(top)].map(({ path }) => [path, cgroupPrograms(path, options)]);
    assert.deepEqual(walked, asked, JSON.stringify(options));
  }
  const [first] = [...walkCgroups(`${top}/c/x`)] as [Cgroup];
  assert.deepEqual(
    first.programs.map(({ id, attachType, attachFlags }) => ({ id, attachType, attachFlags })),
    programs.map((program, i) => ({
      id: program.id,
      attachType: types[i],
      attachFlags: BpfAttachFlag.BPF_F_ALLOW_MULTI,
    })),
  );
});

test("a hook that is met only deep in the tree is found, whatever was left out above", (t) => {
  const top = makeTree(t);
  const places = [
    ["", BpfAttachType.BPF_CGROUP_INET4_BIND],
    ["/a", BpfAttachType.BPF_CGROUP_INET4_BIND],
    ["/a/x", BpfAttachType.BPF_CGROUP_INET6_CONNECT],
    ["/c", BpfAttachType.BPF_CGROUP_INET4_POST_BIND],
    ["/c/y", BpfAttachType.BPF_CGROUP_INET_SOCK_RELEASE],
    ["/c/y", BpfAttachType.BPF_CGROUP_GETSOCKOPT],
  ] as const;
  const expected = places.map(([path, attachType]) => {
    const { program } = hookProgram(t, attachType);
    attachProgram(program, { cgroup: top + path, attachType, multi: true });
    return `${path} ${program.id} ${attachType}`;
  });
  const found = [...walkCgroups(top)].flatMap(({ path, programs }) =>
    programs.map(({ id, attachType }) => `${path.slice(top.length)} ${id} ${attachType}`),
  );
  assert.deepEqual(found.sort(), expected.sort());
});

test("a hook with as many programs as it takes is shown whole; one more is refused", (t) => {
  const { path, fd } = withCgroup(t);
  const programs = Array.from({ length: 65 }, () => hookProgram(t, EGRESS).program);
  for (const program of programs.slice(0, 64)) attachProgram(program, { cgroup: path, multi: true });
  assert.deepEqual(
    cgroupPrograms(path).map(({ id }) => id),
    programs.slice(0, 64).map(({ id }) => id),
  );
  // Less room than there are programs: the question is repeated.
  const { attached } = queryHooks(fd, [EGRESS], { capacity: 4 });
  assert.equal(attached.length, 64 * 3);
  assert.throws(
    () => attachProgram(programs[64] as (typeof programs)[0], { cgroup: path, multi: true }),
    /a hook of a cgroup can have at most 64 programs$/,
  );
});

test("hooks that the kernel does not have are named, and the others answered", (t) => {
  const { fd } = withCgroup(t);
  const { unknown, errno } = queryHooks(fd, [9999, ...CGROUP_ATTACH_TYPES]);
  assert.equal(unknown[0], 9999);
  assert.equal(errno, 0);
});

test("a cgroup whose name is not UTF-8 is met with its programs, and its path names it", (t) => {
  const top = withCgroup(t);
  const bytes = Buffer.concat([Buffer.from(`${top.path}/x`), Buffer.of(0xff, 0xc3, 0x28), Buffer.from("ü")]);
  const { program } = hookProgram(t, EGRESS);
  mkdirSync(bytes);
  try {
    const [, below] = [...walkCgroups(top.path)];
    assert.ok(below !== undefined, "the walk meets it");
    assert.equal(below.path, `${top.path}/x\udcff\udcc3(ü`);
    attachProgram(program, { cgroup: below.path, multi: true });
    for (const options of [{}, { effective: true }, { details: true }, { effective: true, details: true }] as const) {
      const found: Cgroup | undefined = [...walkCgroups(top.path, options)].find(({ path }) => path === below.path);
      const ids = (programs: Cgroup["programs"] = []): number[] => programs.map(({ id }) => id);
      assert.deepEqual(ids(found?.programs), [program.id], JSON.stringify(options));
      assert.deepEqual(ids(cgroupPrograms(below.path, options)), [program.id], JSON.stringify(options));
    }
    const shown = bpfts("cgroup", "tree", top.path).stdout;
    assert.ok(shown.includes(`${top.path}/x\\xff\\xc3(ü\n    ${program.id} `), shown);
    const [json] = JSON.parse(bpfts("-j", "cgroup", "tree", top.path).stdout) as { cgroup: string }[];
    assert.equal(json?.cgroup, below.path);
    detachProgram(program, { cgroup: below.path });
  } finally {
    rmdirSync(bytes);
  }
});
