// The parts that all soak tests share: the limit of time or rounds, and the check that nothing is left behind.
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { describeLinks, describeMaps, describePrograms } from "../../dist/index.js";

const MOST_MEGABYTES = 64;
const MOST_HEAP_MEGABYTES = 8;
const MOST_MAPPINGS = 200;

/**
 * The ids of the programs, maps and links that a test has made. After the test, the kernel must have freed them all.
 */
export class MadeObjects {
  programs = new Set();
  maps = new Set();
  links = new Set();

  /** Adds the programs and maps of a loaded object, and links. */
  add(object, links = []) {
    for (const program of Object.values(object.programs)) if (program !== undefined) this.programs.add(program.id);
    for (const map of Object.values(object.maps)) if (map !== undefined) this.maps.add(map.id);
    for (const { id } of links) if (id !== undefined) this.links.add(id);
  }

  addIds({ programs = [], maps = [], links = [] }) {
    for (const id of programs) this.programs.add(id);
    for (const id of maps) this.maps.add(id);
    for (const id of links) this.links.add(id);
  }

  get count() {
    return this.programs.size + this.maps.size + this.links.size;
  }

  /** Returns the objects that still exist in the kernel. */
  left() {
    const left = [];
    for (const { id } of describePrograms()) if (this.programs.has(id)) left.push(`program ${id}`);
    for (const { id } of describeMaps()) if (this.maps.has(id)) left.push(`map ${id}`);
    for (const { id } of describeLinks()) if (this.links.has(id)) left.push(`link ${id}`);
    return left;
  }
}

/**
 * Runs a test. First runs one round of it, because this round loads code and caches that stay in memory. Then compares
 * the fds, mappings and memory of the process before and after the test. `mayLeave` gives what each round may leave
 * behind.
 */
export async function checked({ usualRounds, usualMinutes, run, mayLeave }, { rounds, minutes }) {
  await run({ more: () => false, made: new MadeObjects() });
  await settle();
  const before = state();
  const begun = performance.now();
  const end = begun + (minutes ?? usualMinutes ?? 0) * 60_000;
  const most = rounds ?? (minutes === undefined ? usualRounds : undefined);
  let done = 1;
  // The test calls this function after each round, to find out whether to run another one.
  const more = () => {
    const isMore = most === undefined ? performance.now() < end : done < most;
    if (isMore) done++;
    return isMore;
  };
  const made = new MadeObjects();
  const { figures, faults } = await run({ more, made });
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  const left = await goneOf(made);
  await settle();
  const after = state();
  figures.push(
    `${seconds} s`,
    `fds ${before.fds} -> ${after.fds}`,
    `mappings of BPF memory ${before.mapped} -> ${after.mapped}, of all ${before.mappings} -> ${after.mappings}`,
    `heap ${before.heap} -> ${after.heap} MB`,
    `resident ${before.resident} -> ${after.resident} MB`,
  );
  if (made.count > 0) figures.push(`kernel objects: ${made.count} made, ${left.length} left`);
  if (left.length > 0) faults.push(`left in the kernel: ${left.slice(0, 10).join(", ")}`);
  if (after.fds > before.fds) faults.push("fds were left behind");
  if (after.mapped > before.mapped) faults.push("mappings were left behind");
  const { mappings = 0, megabytes = 0 } = mayLeave ?? {};
  if (after.mappings > before.mappings + MOST_MAPPINGS + mappings * done) faults.push("the number of mappings grew");
  if (after.heap > before.heap + MOST_HEAP_MEGABYTES) faults.push("the heap grew");
  if (after.resident > before.resident + MOST_MEGABYTES + megabytes * done) faults.push("the process grew");
  return { figures, faults };
}

/**
 * Waits until the objects are gone, because the kernel frees an object only some time after its last fd is closed.
 * Returns the objects that are still there after five seconds.
 */
async function goneOf(made) {
  let left = made.left();
  for (let i = 0; i < 50 && left.length > 0; i++) {
    await pause(100);
    left = made.left();
  }
  return left;
}

function state() {
  const { rss, heapUsed } = process.memoryUsage();
  const mappings = readFileSync("/proc/self/maps", "utf8").trimEnd().split("\n");
  const mapped = mappings.filter((line) => /bpf-(map|ringbuf)|anon_inode:\[?perf/.test(line)).length;
  const megabytes = (bytes) => Math.round(bytes / 2 ** 20);
  return {
    fds: readdirSync("/proc/self/fd").length,
    mapped,
    mappings: mappings.length,
    heap: megabytes(heapUsed),
    resident: megabytes(rss),
  };
}

/** Collects garbage and lets finalizers run. */
async function settle() {
  for (let i = 0; i < 5; i++) {
    globalThis.gc();
    await pause(50);
  }
}
