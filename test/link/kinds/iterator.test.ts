import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { attachIterator, type IteratorPlace, type Link, links, openIterator } from "../../../src/link/index.ts";
import { loadObject } from "../../../src/load/index.ts";
import type { Program } from "../../../src/program/index.ts";
import { cgroupId } from "../../../src/sys/index.ts";
import { withBpffs } from "../../support/bpffs.ts";
import { withCgroup } from "../../support/cgroup.ts";
import { lacking, needs } from "../../support/feature.ts";
import { kernelPid } from "../../support/kernel-pid.ts";
import { linkConformance, ownFds } from "../conformance.ts";

function load(t: { after(run: () => void): void }, ...programs: string[]): ReturnType<typeof loadObject> {
  const object = loadObject("test/bpf/links-tracing.bpf.o", { programs });
  t.after(() => object.close());
  return object;
}

function readText(link: Link): string {
  using run = openIterator(link);
  return run.readText();
}

test("an iterator over tasks: by a link that is updated, pinned and opened again", async (t) => {
  // Over all of them before 6.1.
  const place = lacking("iter:task_filter") === false ? { task: { tid: process.pid } } : {};
  const object = load(t, "tasks", "other_tasks");
  const { tasks, other_tasks: other } = object.programs;
  assert.ok(tasks && other);
  let current: Link | undefined;
  let lastId = 0;
  await linkConformance(t, {
    kind: "iter",
    first: { program: tasks, count: () => object.variables.hits?.value as bigint },
    second: { program: other, count: () => object.variables.last?.value as bigint },
    detachable: false,
    attach: (program) => {
      current = attachIterator(program, place);
      return current;
    },
    // Nothing makes an iterator run but to read it; where only a pin holds it, it is found by its id.
    fire: () => {
      if (current === undefined) return;
      if (!current.closed) readText(current);
      else for (const one of links()) if (one.id === lastId) readText(one);
    },
    check: (info) => {
      // 5.13; before the kernel tells no more than the program.
      assert.ok(info.kind === "iter" && ["task", ""].includes(info.targetName));
      lastId = info.id;
    },
  });
});

test("an iterator's output: at once and as it comes, as bytes and as lines", async (t) => {
  if (!needs(t, "iter:task_filter")) return;
  const { tasks } = load(t, "tasks").programs;
  const before = ownFds();
  {
    using link = attachIterator(tasks as Program, { task: { pid: process.pid } });
    const pid = kernelPid();
    const text = readText(link);
    const lines = text.trimEnd().split("\n");
    assert.ok(lines.length >= 5 && lines.every((line) => line.startsWith(`${pid} `)), text);
    const streamed: string[] = [];
    for await (const line of openIterator(link)) streamed.push(line);
    assert.ok(streamed.includes(`${pid} ${pid}`));
    const chunks: Uint8Array[] = [];
    for await (const chunk of openIterator(link).bytes()) chunks.push(chunk);
    assert.match(Buffer.concat(chunks).toString(), new RegExp(`^${pid} ${pid}\n`));
    for await (const line of openIterator(link)) {
      assert.ok(line !== "");
      // The run is closed when its loop is left.
      break;
    }
    using all = attachIterator(tasks as Program);
    const everything = readText(all);
    assert.ok(everything.split("\n").length > lines.length);
    using pinned = attachIterator(tasks as Program, { task: { tid: process.pid } });
    const path = join(withBpffs(t), "tasks");
    pinned.pin(path);
    assert.equal(readFileSync(path, "utf8"), `${pid} ${pid}\n`, "the pin is read as a file");
    pinned.unpin();
  }
  assert.deepEqual(ownFds(), before);
});

test("an iterator over a map's elements, more than a read returns", (t) => {
  if (!needs(t, "iter:bpf_map_elem")) return;
  const object = load(t, "elements");
  const { iterated, other } = object.maps;
  assert.ok(iterated && other);
  for (let i = 0; i < 4096; i++) iterated.set(i, BigInt(i) ** 2n);
  using link = attachIterator(object.programs.elements as Program, { map: iterated });
  const info = link.info();
  assert.ok(info.kind === "iter" && info.targetName === "bpf_map_elem");
  // 5.13 tells which.
  assert.equal(info.map?.mapId ?? iterated.id, iterated.id);
  using run = openIterator(link);
  const bytes = run.readAll();
  assert.equal(bytes.length, 4096 * 16);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const keys = Array.from({ length: 4096 }, (_, i) => view.getBigUint64(i * 16, true));
  for (const [i, key] of keys.entries()) assert.equal(view.getBigUint64(i * 16 + 8, true), key ** 2n);
  assert.equal(new Set(keys).size, 4096);
});

test("an iterator over cgroups", (t) => {
  if (!needs(t, "iter:cgroup")) return;
  const { cgroups } = load(t, "cgroups").programs;
  const { path, fd } = withCgroup(t);
  const id = cgroupId(path);
  const level = Number(/\d+/.exec(readText(attach({ path, order: "self" })))?.[0]);
  assert.ok(level > 0);
  for (const [cgroup, order, expected] of [
    [{ path, order: "self" }, 1, [level]],
    [{ fd, order: "descendants_pre" }, 2, [level]],
    [{ id, order: "descendants_post" }, 3, [level]],
    [{ id, order: "ancestors_up" }, 4, Array.from({ length: level + 1 }, (_, i) => level - i)],
  ] as const) {
    using link = attach(cgroup);
    const info = link.info();
    assert.ok(info.kind === "iter");
    assert.deepEqual(info.cgroup, { cgroupId: id, order });
    assert.deepEqual(readText(link).trim().split("\n").map(Number), expected);
  }
  for (const [bad, message] of [
    [{ path: `${path}/nope`, order: "self" }, /there is no cgroup .*nope/],
    [{ path: "/tmp", order: "self" }, /the given path or fd is not a cgroup of version 2/],
    [{ id: 0xffff_ffff_ffffn, order: "self" }, /there is no such cgroup/],
    [
      { path, order: "sideways" },
      /sideways is not an order of cgroups; use one of self, descendants_pre, descendants_post, ancestors_up, children$/,
    ],
  ] as const) {
    assert.throws(() => attach(bad as NonNullable<IteratorPlace["cgroup"]>), message);
  }

  function attach(cgroup: NonNullable<IteratorPlace["cgroup"]>): Link {
    const link = attachIterator(cgroups as Program, { cgroup });
    t.after(() => link.close());
    return link;
  }
});

test("what an iterator over a map's elements cannot walk is said", (t) => {
  if (!needs(t, "iter:bpf_map_elem")) return;
  const object = load(t, "elements");
  const { elements } = object.programs;
  assert.ok(elements);
  assert.throws(
    () => attachIterator(elements),
    /iter\/bpf_map_elem walks over the elements of a map; give this map in the option 'map'/,
  );
  const before = ownFds();
  const maps = { map: object.maps.iterated, task: { pid: 1 } };
  assert.throws(() => attachIterator(elements, maps), /give only one of the options map, cgroup and task/);
  assert.deepEqual(ownFds(), before);
});

test("what an iterator over tasks cannot walk is said", (t) => {
  const object = load(t, "tasks");
  const { tasks } = object.programs;
  assert.ok(tasks);
  const before = ownFds();
  // The kernel would take the number of the map's fd for a thread's.
  assert.throws(
    () => attachIterator(tasks, { map: object.maps.iterated }),
    /iter\/task does not walk over a map|no such task/,
  );
  if (lacking("iter:task_filter") !== false) {
    assert.throws(() => attachIterator(tasks, { task: { tid: process.pid } }), /Linux 6\.1 or newer/);
  }
  assert.deepEqual(ownFds(), before);
});
