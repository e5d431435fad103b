// Makes the table of docs/links.md from what conformance tests recorded (BPFTS_LINK_RECORD, test/kernel/link/conformance.ts):
//
//   node scripts/link-kinds.mjs [RECORDS…]   adds the records to test/golden/link-kinds.json and writes the table
//
// test/docs/links.test.ts checks that the table is that of the records, and that no way to attach is missing in it.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const RECORDS = "test/golden/link-kinds.json";
const PAGE = "docs/links.md";
const BEGIN = "<!-- the table: scripts/link-kinds.mjs -->";
const END = "<!-- the table's end -->";

/** Function, what it attaches to, the first kernel with the link (without it), its options, which tests are its. */
const ROWS = [
  ["attachXdp", "xdp", "5.9 (4.8)", "`device`, `mode`: driver, generic, offload", /^xdp links/],
  ["attachTcx", "tcx", "6.6", "`device`, `direction`, `anchor`, `expectedRevision`", /^tcx links/],
  ["attachNetkit", "netkit", "6.7", "`device`, `end`: primary, peer; `anchor`, `expectedRevision`", /^netkit/],
  ["attachCgroup", "cgroup", "5.7 (4.10)", "`cgroup`, `attachType`, `anchor` (6.17), `preorder` (6.15)", /^cgroup/],
  ["attachNetns", "netns", "5.8; `sk_lookup` 5.9", "`netns`", /^netns/],
  ["attachNetfilter", "netfilter", "6.4", "`family`, `hook`, `priority`, `defragment`", /^netfilter/],
  ["attachSockmap", "sockmap", "6.10 (4.14)", "`map`, `attachType`, `withoutLink`", /^sockmap/],
  [
    "attachTracing",
    "tracing",
    "5.5",
    "`cookie` (5.19); fentry, fexit, fmod_ret, fsession (7.0), tp_btf",
    /^(fentry|fexit|fmod_ret|fsession|tp_btf) links/,
  ],
  ["attachLsm", "tracing", "5.7", "`cookie` (5.19)", /^lsm links/],
  ["attachFreplace", "tracing", "5.6", "`target`, `function`, `cookie`", /^freplace/],
  ["attachTracingMulti", "tracing_multi", "7.1", "`pattern`, `ids`, `cookies`, `attachType`", /^fentry\.multi/],
  ["attachRawTracepoint", "raw_tracepoint", "4.17", "`tracepoint`, `cookie` (6.10)", /^raw_tp links|writable raw/],
  ["attachIterator", "iter", "5.8", "`map`, `cgroup` and `order` (6.1), `task` (6.1)", /^an iterator/],
  [
    "attachKprobe",
    "perf_event",
    "5.15 (4.1)",
    "`symbol`, `address`, `offset`, `cookie`, `mode`",
    /^kprobe(?!_multi| session)/,
  ],
  ["attachKretprobe", "perf_event", "5.15 (4.1)", "the same, `maxActive`", /^kretprobe(?!_multi)/],
  ["attachKsyscall", "perf_event", "5.15 (4.1)", "`syscall`, `cookie`, `mode`", /^ksyscall/],
  ["attachKretsyscall", "perf_event", "5.15 (4.1)", "the same", /^kretsyscall/],
  [
    "attachKprobeMulti",
    "kprobe_multi",
    "5.18; session 6.10",
    "`symbols`, `addresses`, `pattern`, `cookies`, `returns`, `session`",
    /^kprobe_multi|^kretprobe_multi|^kprobe session/,
  ],
  [
    "attachUprobe",
    "perf_event",
    "5.15 (4.1)",
    "`binary`, `symbol`, `offset`, `pid`, `refCounter`, `cookie`, `mode`",
    /^uprobe(?!_multi| session)/,
  ],
  ["attachUretprobe", "perf_event", "5.15 (4.1)", "the same", /^uretprobe(?!_multi)/],
  [
    "attachUprobeMulti",
    "uprobe_multi",
    "6.6; session 6.13",
    "`binary`, `symbols`, `pattern`, `offsets`, `refCounters`, `cookies`, `pid`",
    /^uprobe_multi|^uretprobe_multi|^uprobe session/,
  ],
  ["attachUsdt", "perf_event, uprobe_multi", "5.15 (4.1)", "`binary`, `provider`, `name`, `pid`, `cookie`", /usdt/i],
  ["attachTracepoint", "perf_event", "5.15 (4.7)", "`tracepoint`, `cookie`", /^tracepoint/],
  [
    "attachPerfEvent",
    "perf_event",
    "5.15 (4.9)",
    "`event`, `pid`, `cpu`, `period`, `frequency`, `cookie`",
    /^perf event/,
  ],
  ["attachStructOps", "struct_ops", "6.4 (5.6)", "the map, by its name", /^a struct_ops|^struct_ops/],
  ["attachSocketFilter", "none", "3.19", "a socket or its fd", /^socket filters/],
  ["attachReuseport", "none", "4.19", "a socket or its fd", /^reuseport/],
  [
    "attachProgram",
    "none",
    "4.10",
    "a target, `attachType`, `anchor`, `expectedRevision`",
    /^attachProgram|^programs are attached/,
  ],
  ["attachRaw", "any", "5.7", "`target`, `attachType`, `btfId`, `flags`, every group of options", /^attachRaw/],
];

/** The records: each test of conformance, with the kernels on which it passed. */
export function readRecords() {
  return JSON.parse(readFileSync(RECORDS, "utf8"));
}

/** The functions that have a row. */
export const attachFunctions = ROWS.map(([name]) => name);

export function linkTable(records) {
  const lines = ["| function | kind of link | first kernel | options | proven on |", "| --- | --- | --- | --- | --- |"];
  for (const [name, kind, since, options, tests] of ROWS) {
    const kernels = new Set(Object.keys(records).flatMap((test) => (tests.test(test) ? records[test].kernels : [])));
    const proven = [...kernels].sort(byVersion).join(", ") || "—";
    lines.push(`| \`${name}\` | ${kind} | ${since} | ${options} | ${proven} |`);
  }
  return lines.join("\n");
}

export function tableOf(page) {
  return page.slice(page.indexOf(BEGIN) + BEGIN.length, page.indexOf(END)).trim();
}

function byVersion(one, two) {
  const [a = 0, b = 0] = one.split(".").map(Number);
  const [c = 0, d = 0] = two.split(".").map(Number);
  return a - c || b - d;
}

function main(files) {
  const records = readRecords();
  for (const file of files) {
    for (const line of readFileSync(file, "utf8").split("\n")) {
      if (line === "") continue;
      const { name, kind, kernel } = JSON.parse(line);
      const kernels = new Set(records[name]?.kernels ?? []).add(kernel);
      records[name] = { kind, kernels: [...kernels].sort(byVersion) };
    }
  }
  const sorted = Object.fromEntries(Object.entries(records).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(RECORDS, `${JSON.stringify(sorted, null, 2)}\n`);
  const page = readFileSync(PAGE, "utf8");
  const from = page.indexOf(BEGIN) + BEGIN.length;
  writeFileSync(PAGE, `${page.slice(0, from)}\n${linkTable(sorted)}\n${page.slice(page.indexOf(END))}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main(process.argv.slice(2));
