/**
 * Measures bpfts and prints each figure as a ratio to that of a peer: `npm run bench [WORD…]`. Peers are bpftool, and C
 * programs that are compiled here with gcc (and with libbpf, if it is installed). Each row runs bpfts and the peer
 * alternately.
 */
import { existsSync } from "node:fs";
import { taskIterator, withLinks } from "./links.ts";
import { DUMPED, withHash } from "./maps.ts";
import { comparePair, type Side } from "./pairs.ts";
import { buildPeer } from "./peers.ts";
import { progRows } from "./prog.ts";
import { withPrograms } from "./programs.ts";
import { systemRows } from "./system.ts";

interface Row {
  readonly name: string;
  readonly goal: number | undefined;
  readonly ours: Side;
  /** The program to compare with, or the reason why it is not available. */
  readonly peer: Side | { readonly missing: string };
  readonly runs: number;
  /** Prepares something for the measurement, for instance loads programs. Calls `measure` and cleans up afterwards. */
  readonly scene?: (measure: () => void) => void;
}

const node = process.execPath;
/**
 * The bpftool to compare with. BPFTS_BENCH_BPFTOOL selects another one, for instance one that was built with its pid
 * iterator.
 */
const bpftool = [process.env.BPFTS_BENCH_BPFTOOL ?? "", ".cache/peers/bpftool", "/usr/sbin/bpftool"].find((path) =>
  existsSync(path),
);

function task(name: string, ...args: string[]): Side {
  return { label: "bpfts", command: [node, `.build/bench/task/${name}.js`, ...args], figure: "printed" };
}

function peer(name: string, libbpf: boolean, ...args: string[]): Row["peer"] {
  const built = buildPeer(name, libbpf);
  if ("missing" in built) return built;
  return { label: libbpf ? "libbpf" : "C", command: [built.path, ...args], figure: "printed" };
}

function mapRow(operation: string, kind: string): Row {
  return {
    name: `map ${operation}, ${kind}, ns per call`,
    goal: 1.3,
    ours: task("map-access", operation, kind, "1000000"),
    peer: peer("map-access", false, operation, kind, "1000000"),
    runs: 7,
  };
}

/** Returns a peer whose figure is a fixed number of nanoseconds. */
function limit(ns: number): Side {
  return { label: "limit", command: ["echo", String(ns)], figure: "printed" };
}

/**
 * Rows for values that are decoded by BTF. The goals 1.36 and 1.41 are the ratios of cilium/ebpf, which decodes values
 * too, to C.
 */
function valueRows(): Row[] {
  const calls = [
    ["get", "lookup", 1.36],
    ["set", "update", 1.41],
  ] as const;
  return [
    ...calls.map(
      ([method, operation, goal]): Row => ({
        name: `map ${method} of a u64 by a u32, hash, ns per call`,
        goal,
        ours: task("map-values", method, "1000000"),
        peer: peer("map-access", false, operation, "hash", "1000000"),
        runs: 7,
      }),
    ),
    ...[
      ["global", "a global u64 of a loaded object, read, ns"],
      ["memory", "map memory: a u64 of an mmapable array, read, ns"],
      ["add", "map memory: an atomic add to an element, ns"],
    ].map(
      ([what = "", name = ""]): Row => ({
        name,
        goal: what === "add" ? undefined : 1,
        ours: task("map-values", what, "5000000"),
        peer: limit(40),
        runs: 5,
      }),
    ),
  ];
}

function batchRows(): Row[] {
  const rows = [
    ["lookup", "map batch lookup of 100,000, hash, ns per element", 1.1],
    ["update", "map batch update of 100,000, hash, ns per element", 1.1],
    ["walk", "map walk over 100,000, decoded, ns per element, against next key and lookup", 1],
  ] as const;
  return rows.map(([operation, name, goal]) => ({
    name,
    goal,
    ours: task("map-batch", operation, "100000", "20"),
    peer: peer("map-batch", false, operation, "100000", "20"),
    runs: 9,
  }));
}

const SKELETON_WORDS = ["gen", "skeleton", "test/bpf/counter.bpf.o"];

function dumpRows(): Row[] {
  return [false, true].flatMap((typed) =>
    [[], ["-j"]].map((options): Row => {
      const words = [...options, "map", "dump", "name", DUMPED].join(" ");
      // The shell only opens /dev/null. `exec` then replaces it by the command.
      const silent = (command: string): string[] => ["sh", "-c", `exec ${command} ${words} >/dev/null`];
      return {
        name: `map dump of 100,000 elements ${typed ? "with" : "without"} types, ${options.length > 0 ? "JSON" : "text"}`,
        goal: 1,
        ours: { label: "bpfts", command: silent(`${node} dist/bin/bpfts.js`), figure: "wall" },
        peer:
          bpftool === undefined
            ? { missing: "bpftool is missing; run scripts/peers.sh" }
            : { label: "bpftool", command: silent(bpftool), figure: "wall" },
        runs: 15,
        scene: (measure) => withHash(typed, measure),
      };
    }),
  );
}

function objectRows(file: string, what: string): Row[] {
  const path = `test/bpf/${file}.bpf.o`;
  return [
    {
      name: `parse ${what}, cold`,
      goal: undefined,
      ours: task("parse-object", path),
      peer: peer("parse-object", true, path),
      runs: 15,
    },
    {
      name: `load ${what}, first load of a process`,
      goal: 1.3,
      ours: task("load-object", path),
      peer: peer("load-object", true, path),
      runs: 15,
    },
    {
      name: `load ${what}, later loads, kernel BTF not cached`,
      goal: 1.3,
      ours: task("load-object", path, "51"),
      peer: peer("load-object", true, path, "51"),
      runs: 7,
    },
  ];
}

function linkRows(): Row[] {
  const loops: Row[] = [
    {
      name: "links: iterate 1,000 with their info, ns per link",
      goal: 1.5,
      ours: task("links", "iterate", "50"),
      peer: peer("links", false, "iterate", "50"),
      runs: 9,
      scene: (measure) => withLinks(1000, measure),
    },
    {
      name: "links: attach and close one, ns",
      goal: 1.5,
      ours: task("links", "attach", "100000", `${taskIterator()}`),
      peer: peer("links", false, "attach", "100000", `${taskIterator()}`),
      runs: 9,
    },
  ];
  const shown = [10, 1_000, 5_000, 10_000].map((count) =>
    linkShowRow(`${count} links`, (measure) => withLinks(count, measure)),
  );
  const crowd = linkShowRow("10 links and 10,000 programs", (measure) =>
    withPrograms(10_000, () => withLinks(10, measure)),
  );
  return [...loops, ...shown, crowd];
}

function linkShowRow(what: string, scene: NonNullable<Row["scene"]>): Row {
  return {
    name: `\`bpfts link show\` with ${what}, against bpftool`,
    goal: undefined,
    ours: { label: "bpfts", command: [node, "dist/bin/bpfts.js", "link", "show"], figure: "wall" },
    peer:
      bpftool === undefined
        ? { missing: "bpftool is missing; run scripts/peers.sh" }
        : { label: "bpftool", command: [bpftool, "link", "show"], figure: "wall" },
    runs: 9,
    scene,
  };
}

function ringRow(how: string, what: string, goal?: number): Row {
  const name = `ring buffer, ${what}, ns per record`;
  return { name, goal, ours: task("ring", how), peer: peer("ring", true), runs: 7 };
}

const VMLINUX = "/sys/kernel/btf/vmlinux";

const rows: readonly (() => Row[])[] = [
  () => [
    {
      name: "vmlinux BTF: open and find one struct, cold",
      goal: 2,
      ours: task("find-type", "task_struct"),
      peer: peer("find-type", true, "task_struct"),
      runs: 15,
    },
    {
      name: "vmlinux BTF twice: deduplicate, cold",
      goal: 2,
      ours: task("dedup", VMLINUX, VMLINUX),
      peer: peer("dedup", true, "/dev/null", "-", VMLINUX, VMLINUX),
      runs: 7,
    },
  ],
  () => objectRows("counter", "a CO-RE object of 3 programs"),
  () => objectRows("core-many", "a CO-RE object of 60 programs"),
  () => ["lookup", "update"].flatMap((operation) => ["hash", "array"].map((kind) => mapRow(operation, kind))),
  valueRows,
  batchRows,
  dumpRows,
  () => progRows(bpftool),
  () => systemRows(bpftool),
  () => [
    // 1.25 times the time for a record means 0.8 times as many records per second.
    ringRow("callback", "by callback", 1.25),
    ringRow("decoded", "eight fields decoded by BTF"),
    {
      name: "ring buffer, eight u64 decoded, against 15 million a second",
      goal: 1,
      ours: task("ring", "decoded"),
      peer: limit(1000 / 15),
      runs: 7,
    },
    ringRow("batches", "the same records from an async iterable"),
    {
      // The library passes a copy to the callback, because a write to the ring's own memory would end the process.
      name: "ring buffer, by callback, against reading without copies",
      goal: undefined,
      ours: task("ring", "callback"),
      peer: { ...task("ring-in-place"), label: "in place" },
      runs: 7,
    },
    {
      // `consume()` runs the same loop without returning to the event loop between slices.
      name: "ring buffer, decoded, on the event loop, against consume()",
      goal: 1.1,
      ours: task("ring", "listen"),
      peer: { ...task("ring", "decoded"), label: "consume()" },
      runs: 7,
    },
    {
      name: "ring buffer, from the write of a record to its read, median",
      goal: 3,
      ours: task("wake-up"),
      peer: peer("wake-up", true),
      runs: 5,
    },
  ],
  linkRows,
  () => [
    {
      name: "`bpfts version`, whole process, against an empty Node script",
      goal: undefined,
      ours: { label: "bpfts", command: [node, "dist/bin/bpfts.js", "version"], figure: "wall" },
      peer: { label: "node", command: [node, "bench/task/empty.mjs"], figure: "wall" },
      runs: 25,
    },
    {
      name: "`bpfts prog show` with 10 programs, against an empty Node script",
      goal: undefined,
      ours: { label: "bpfts", command: [node, "dist/bin/bpfts.js", "prog", "show"], figure: "wall" },
      peer: { label: "node", command: [node, "bench/task/empty.mjs"], figure: "wall" },
      runs: 15,
      scene: (measure) => withPrograms(10, measure),
    },
    {
      // Debian's bpftool does not have the iterator that finds pids. A bpftool with this iterator spends most of its
      // time on loading it.
      name: "`bpfts prog show` with 10 programs, against bpftool",
      goal: undefined,
      ours: { label: "bpfts", command: [node, "dist/bin/bpfts.js", "prog", "show"], figure: "wall" },
      peer:
        bpftool === undefined
          ? { missing: "bpftool is missing; run scripts/peers.sh" }
          : { label: "bpftool", command: [bpftool, "prog", "show"], figure: "wall" },
      runs: 15,
      scene: (measure) => withPrograms(10, measure),
    },
    {
      // The goal is a difference of at most 30 ms, the time in which Node starts.
      name: "`bpfts gen skeleton` of an object, whole process, against bpftool",
      goal: undefined,
      ours: { label: "bpfts", command: [node, "dist/bin/bpfts.js", ...SKELETON_WORDS], figure: "wall" },
      peer:
        bpftool === undefined
          ? { missing: "bpftool is missing; run scripts/peers.sh" }
          : { label: "bpftool", command: [bpftool, ...SKELETON_WORDS], figure: "wall" },
      runs: 25,
    },
  ],
];

function time(ns: number): string {
  if (ns < 10_000) return `${ns.toFixed(0)} ns`;
  return ns < 10_000_000 ? `${(ns / 1000).toFixed(0)} µs` : `${(ns / 1e6).toFixed(1)} ms`;
}

const words = process.argv.slice(2);
console.log(`${"what".padEnd(62)} ${"bpfts".padStart(10)} ${"peer".padStart(18)} ${"ratio".padStart(6)}  goal`);
for (const row of rows.flatMap((make) => make())) {
  if (words.length > 0 && !words.some((word) => row.name.includes(word))) continue;
  const { ours, peer: other } = row;
  if ("missing" in other) {
    console.log(`${row.name.padEnd(62)} not compared: ${other.missing}`);
    continue;
  }
  const measure = (): void => {
    const result = comparePair(ours, other, row.runs);
    const goal = row.goal === undefined ? "" : `≤ ${row.goal}${result.ratio <= row.goal ? "" : "  MISSED"}`;
    const peerText = `${other.label} ${time(result.peer)}`;
    console.log(
      `${row.name.padEnd(62)} ${time(result.ours).padStart(10)} ${peerText.padStart(18)} ${result.ratio.toFixed(2).padStart(6)}  ${goal}`,
    );
  };
  if (row.scene === undefined) measure();
  else row.scene(measure);
}
