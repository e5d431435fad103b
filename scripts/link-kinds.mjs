// Makes the table of docs/links.md from the records of the conformance tests (BPFTS_LINK_RECORD,
// test/link/conformance.ts):
//
//   BPFTS_LINK_RECORD=/tmp/host node scripts/test.mjs /link/
//   npm run vm -- --timeout 1800 --out /tmp/6.1 6.1 'BPFTS_LINK_RECORD=/out/links node scripts/test.mjs /link/'
//   node scripts/link-kinds.mjs /tmp/host /tmp/6.1/links
//
// Replaces the records of these kernels in test/golden/link-kinds.json, and writes the table. Without arguments, it
// only writes the table. test/docs/links.test.ts checks that the table matches the records and contains every attach
// function.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const RECORDS = "test/golden/link-kinds.json";
const PAGE = "docs/links.md";
const BEGIN = "<!-- the table: scripts/link-kinds.mjs -->";
const END = "<!-- the table's end -->";

/**
 * Each row: the function, what it attaches, the kind of link, the first kernel with the link (in brackets: without a
 * link), the options, and a pattern that matches the names of the function's tests.
 */
const ROWS = [
  [
    "attachXdp",
    "",
    "xdp",
    "5.9 (4.8)",
    "`device`, `mode`: driver, generic, offload; `withoutLink`",
    /^xdp (links|without)/,
  ],
  ["attachTcx", "", "tcx", "6.6", "`device`, `direction`, `anchor`, `expectedRevision`", /^tcx links/],
  ["attachTc", "", "none", "4.5", "`device`, `direction`, `priority`, `handle`, `replace`", /^tc filters/],
  ["attachNetkit", "", "netkit", "6.7", "`device`, `end`: primary, peer; `anchor`, `expectedRevision`", /^netkit/],
  [
    "attachCgroup",
    "",
    "cgroup",
    "5.7 (4.10)",
    "`cgroup`, `attachType`, `anchor` (6.17), `preorder` (6.15)",
    /^cgroup links/,
  ],
  ["attachNetns", "flow_dissector", "netns", "5.8", "`netns`", /^netns links: flow/],
  ["attachNetns", "sk_lookup", "netns", "5.9", "`netns`", /^netns links: sk_lookup/],
  ["attachNetfilter", "", "netfilter", "6.4", "`family`, `hook`, `priority`, `defragment` (6.6)", /^netfilter links/],
  ["attachSockmap", "", "sockmap", "6.10 (4.14)", "`map`, `attachType`, `withoutLink`", /^sockmap:/],
  ["attachTracing", "fentry, fexit", "tracing", "5.5", "`cookie` (5.19)", /^(fentry|fexit) links$/],
  ["attachTracing", "fmod_ret", "tracing", "5.7", "`cookie` (5.19)", /^fmod_ret links/],
  ["attachTracing", "fsession", "tracing", "7.0", "`cookie`", /^fsession links$/],
  ["attachTracing", "tp_btf", "raw_tracepoint", "5.5", "`cookie` (6.10)", /^tp_btf links$/],
  ["attachLsm", "", "tracing", "5.7", "`cookie` (5.19)", /^lsm links$/],
  ["attachFreplace", "", "tracing", "5.6", "`target`, `function`, `cookie`", /^freplace links/],
  ["attachTracingMulti", "", "tracing_multi", "7.1", "`pattern`, `ids`, `cookies`, `attachType`", /^\w+\.multi /],
  ["attachRawTracepoint", "", "raw_tracepoint", "4.17", "`tracepoint`, `cookie` (6.10)", /^raw_tp links$|writable raw/],
  ["attachIterator", "", "iter", "5.8", "`map`, `cgroup` and `order` (6.1), `task` (6.1)", /^an iterator over tasks/],
  ["attachKprobe", "", "perf_event", "5.15 (4.1)", "`symbol`, `address`, `offset`, `cookie`, `mode`", /^kprobe:/],
  ["attachKretprobe", "", "perf_event", "5.15 (4.1)", "the same, `maxActive`", /^kretprobe:/],
  ["attachKsyscall", "", "perf_event", "5.15 (4.1)", "`syscall`, `cookie`, `mode`", /^ksyscall:/],
  ["attachKretsyscall", "", "perf_event", "5.15 (4.1)", "the same", /^kretsyscall:/],
  [
    "attachKprobeMulti",
    "",
    "kprobe_multi",
    "5.18",
    "`symbols`, `addresses`, `pattern`, `cookies`, `returns`",
    /^k(ret)?probe_multi /,
  ],
  ["attachKprobeMulti", "session", "kprobe_multi", "6.10", "the same", /^kprobe session/],
  [
    "attachUprobe",
    "",
    "perf_event",
    "5.15 (4.1)",
    "`binary`, `symbol`, `offset`, `pid`, `refCounter`, `cookie`, `mode`",
    /^uprobe( of one process, by version| by offset)?:/,
  ],
  ["attachUretprobe", "", "perf_event", "5.15 (4.1)", "the same", /^uretprobe:/],
  [
    "attachUprobeMulti",
    "",
    "uprobe_multi",
    "6.6",
    "`binary`, `symbols`, `pattern`, `offsets`, `refCounters`, `cookies`, `pid`",
    /^u(ret)?probe_multi /,
  ],
  ["attachUprobeMulti", "session", "uprobe_multi", "6.13", "the same", /^uprobe session/],
  ["attachUsdt", "", "uprobe_multi", "6.10 (4.1)", "`binary`, `provider`, `name`, `pid`, `cookie`", /^USDT links/],
  ["attachTracepoint", "", "perf_event", "5.15 (4.7)", "`tracepoint`, `cookie`", /^tracepoint:/],
  [
    "attachPerfEvent",
    "",
    "perf_event",
    "5.15 (4.9)",
    "`event`, `pid`, `cpu`, `period`, `frequency`, `cookie`",
    /^perf event:/,
  ],
  ["attachStructOps", "", "struct_ops", "6.4 (5.6)", "the map, by its name", /^a struct_ops link|^struct_ops by/],
  ["attachSocketFilter", "", "none", "3.19", "a socket or its fd", /^socket filters/],
  ["attachReuseport", "", "none", "4.19", "a socket or its fd", /^reuseport/],
  ["attachProgram", "", "none", "4.10", "a target, `attachType`, `anchor`, `expectedRevision`", /^attachProgram:/],
  ["attachRaw", "", "any", "5.7", "`target`, `attachType`, `btfId`, `flags`, every group of options", /^attachRaw:/],
];

/**
 * Returns the records. For each conformance test, they list the kernels on which it passed, and the kind of link on
 * each.
 */
export function readRecords() {
  return JSON.parse(readFileSync(RECORDS, "utf8"));
}

/** The functions that have a row in the table. */
export const attachFunctions = [...new Set(ROWS.map(([name]) => name))];

export function linkTable(records) {
  const lines = ["| function | kind of link | first kernel | options | proven on |", "| --- | --- | --- | --- | --- |"];
  for (const [name, what, kind, since, options, tests] of ROWS) {
    const title = what === "" ? `\`${name}\`` : `\`${name}\`: ${what}`;
    const own = Object.keys(records).filter((test) => tests.test(test));
    lines.push(
      `| ${title} | ${kind} | ${since} | ${options} | ${provenOn(
        own.map((test) => records[test]),
        kind,
      )} |`,
    );
  }
  return lines.join("\n");
}

/** Formats the kernels on which some tests passed. Kernels without a link of this kind are in brackets. */
function provenOn(tests, kind) {
  const kernels = new Map();
  for (const [kernel, found] of tests.flatMap(Object.entries)) {
    const isLink = found !== "attachment" || kind === "none";
    kernels.set(kernel, isLink || kernels.get(kernel) === true);
  }
  const sorted = [...kernels].sort(([one], [two]) => byVersion(one, two));
  return sorted.map(([kernel, isLink]) => (isLink ? kernel : `(${kernel})`)).join(", ") || "—";
}

export function tableOf(page) {
  return page.slice(page.indexOf(BEGIN) + BEGIN.length, page.indexOf(END)).trim();
}

function byVersion(one, two) {
  const [a = 0, b = 0] = one.split(".").map(Number);
  const [c = 0, d = 0] = two.split(".").map(Number);
  return a - c || b - d;
}

/** Merges new lines into the records. If a kernel has new lines, its old records are dropped. */
function merged(records, lines) {
  const anew = new Set(lines.map(({ kernel }) => kernel));
  const result = {};
  const add = (name, kernel, kind) => {
    result[name] ??= {};
    result[name][kernel] = kind;
  };
  for (const [name, kernels] of Object.entries(records)) {
    for (const [kernel, kind] of Object.entries(kernels)) if (!anew.has(kernel)) add(name, kernel, kind);
  }
  for (const { name, kernel, kind } of lines) add(name, kernel, kind);
  const inOrder = ([one], [two]) => byVersion(one, two);
  return Object.fromEntries(
    Object.entries(result)
      .sort(([one], [two]) => (one < two ? -1 : 1))
      .map(([name, kernels]) => [name, Object.fromEntries(Object.entries(kernels).sort(inOrder))]),
  );
}

function main(files) {
  const text = files.map((file) => readFileSync(file, "utf8")).join("\n");
  const lines = text.split("\n").filter((line) => line !== "");
  const records = merged(
    readRecords(),
    lines.map((line) => JSON.parse(line)),
  );
  writeFileSync(RECORDS, `${JSON.stringify(records, null, 2)}\n`);
  const page = readFileSync(PAGE, "utf8");
  const from = page.indexOf(BEGIN) + BEGIN.length;
  writeFileSync(PAGE, `${page.slice(0, from)}\n${linkTable(records)}\n${page.slice(page.indexOf(END))}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main(process.argv.slice(2));
