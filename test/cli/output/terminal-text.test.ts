import assert from "node:assert/strict";
import { test } from "node:test";
import { rowText } from "../../../src/cli/cgroup/render.ts";
import { holdersText } from "../../../src/cli/handle/holders.ts";
import { linkText } from "../../../src/cli/link/render.ts";
import { mapText } from "../../../src/cli/map/render.ts";
import { netText } from "../../../src/cli/net/render.ts";
import { formatJson } from "../../../src/cli/output/json-writer.ts";
import { escapeLine, escapeName, escapeText } from "../../../src/cli/output/terminal-text.ts";
import { perfText } from "../../../src/cli/perf/render.ts";
import { graphText } from "../../../src/cli/prog/graph.ts";
import { programText } from "../../../src/cli/prog/render.ts";
import { tokenText } from "../../../src/cli/token/render.ts";
import type {
  LinkDescription,
  MapDescription,
  NetAttachments,
  ProgramDescription,
  TokenMount,
} from "../../../src/inventory/index.ts";
import type { CgroupProgram, LinkInfo } from "../../../src/link/index.ts";
import type { LoadedInstructions } from "../../../src/program/index.ts";
import { BpfLinkType } from "../../../src/uapi/index.ts";
import { returning } from "../../support/programs.ts";

const HOSTILE = "a\nb\x1b[31m\x7f\x9b\udcff\tc";

test("control characters of a name are escaped, everything else is not", () => {
  assert.equal(escapeName(HOSTILE), "a\\nb\\u001b[31m\\u007f\\u009b\\xff\\tc");
  assert.equal(escapeLine(HOSTILE), "a\\nb\\u001b[31m\\u007f\\u009b\\xff\tc");
  assert.equal(escapeText(HOSTILE), "a\nb\\u001b[31m\\u007f\\u009b\\xff\tc");
  assert.equal(
    escapeName("x\udcff\udced\udcb3\udcbf\u{1f600}\udce2\udc82"),
    "x\\xff\\xed\\xb3\\xbf\u{1f600}\\xe2\\x82",
  );
  for (const honest of ["", "plain_name.text", "a \\ \" ' b", "é\u{1f600}\u00a0", "漢字"]) {
    assert.equal(escapeName(honest), honest);
    assert.equal(escapeText(honest), honest);
  }
});

test("every control character can be told apart in JSON and reaches no terminal", () => {
  for (let code = 0; code < 0xa0; code++) {
    if (code >= 0x20 && code < 0x7f) continue;
    const character = String.fromCharCode(code);
    for (const text of [formatJson({ [character]: character }), escapeName(character)]) {
      assert.doesNotMatch(text, /\p{Cc}/u, `U+${code.toString(16)}`);
    }
    assert.deepEqual(JSON.parse(formatJson({ [character]: character })), { [character]: character });
  }
});

const owners = { pins: ["/sys/fs/bpf/x"], holders: [{ pid: 1, comm: "node" }] };
const head = { id: 7, progId: 9 };

function link(info: Partial<LinkInfo>, more: Partial<LinkDescription> = {}): LinkDescription {
  return {
    id: 7,
    progType: 1,
    deviceName: "eth0",
    symbols: new Map(),
    perfCookie: 1n,
    ...owners,
    ...more,
    info,
  } as never;
}

const PROGRAM = {
  id: 1,
  type: 1,
  name: "name",
  tag: "00",
  device: { ifindex: 1, netnsDev: 1n, netnsIno: 1n, name: "eth0" },
  runTimeNs: 0n,
  recursionMisses: 0n,
  mapIds: [1],
  attachTo: { name: "function", btfName: "module", btfObjId: 1, btfId: 1 },
  maps: [{ id: 1, name: "map" }],
  metadata: [],
  ...owners,
} as unknown as ProgramDescription;
const MAP = {
  id: 1,
  type: 1,
  name: "name",
  flags: 0,
  device: { ifindex: 1, netnsDev: 1n, netnsIno: 1n, name: "eth0" },
  btfId: 1,
  ...owners,
} as unknown as MapDescription;
const CGROUP = { id: 1, attachType: 1, name: "name", cgroup: "/sys/fs/cgroup/x" } as unknown as CgroupProgram;

const PERF = { pid: 1, fd: 1, progId: 1 };
const DEVICE = { deviceName: "eth0", ifindex: 1 };

const perfEvent = (event: object) => link({ ...head, kind: "perf_event", type: 7, event } as never);

const CASES: readonly (readonly [what: string, record: object, text: (record: never) => string])[] = [
  ["program", PROGRAM, programText],
  ["map", MAP, mapText],
  ["cgroup", CGROUP, (row) => rowText(row, { effective: false, details: true }, ({ name }) => name)],
  ["holders", owners.holders, holdersText],
  ["raw tracepoint", link({ ...head, kind: "raw_tracepoint", type: 1, tpName: "tp", cookie: 0n }), linkText],
  ["iterator", link({ ...head, kind: "iter", type: 4, targetName: "task" } as never), linkText],
  ["tcx", link({ ...head, kind: "tcx", type: BpfLinkType.BPF_LINK_TYPE_TCX, ifindex: 1, attachType: 1 }), linkText],
  [
    "uprobe_multi",
    link({
      ...head,
      kind: "uprobe_multi",
      type: 12,
      path: "/bin/sh",
      count: 1,
      pid: 0,
      flags: 0,
      offsets: [1n],
      refCtrOffsets: [],
      cookies: [],
    }),
    linkText,
  ],
  ["uprobe", perfEvent({ kind: "uprobe", fileName: "/bin/sh", offset: 1, cookie: 1n, refCtrOffset: 0n }), linkText],
  ["kprobe", perfEvent({ kind: "kprobe", addr: 1n, funcName: "f", offset: 0, missed: 0n, cookie: 0n }), linkText],
  ["tracepoint", perfEvent({ kind: "tracepoint", tpName: "tp", cookie: 0n }), linkText],
  ["perf: tracepoint", { ...PERF, kind: "tracepoint", tracepoint: "tp" }, perfText],
  ["perf: kprobe", { ...PERF, kind: "kprobe", func: "f", offset: 1n }, perfText],
  ["perf: uprobe", { ...PERF, kind: "uprobe", path: "/bin/sh", offset: 1n }, perfText],
  [
    "token",
    { path: "/sys/fs/bpf", commands: [], mapTypes: [], programTypes: [], attachTypes: [] } satisfies TokenMount,
    tokenText,
  ],
  [
    "net",
    {
      xdp: [{ ...DEVICE, programs: [] }],
      tc: [
        { ...DEVICE, hook: "clsact/ingress", name: "x", progId: 1, actions: [{ name: "x", progId: 1 }] },
        { ...DEVICE, hook: "tcx/ingress", name: "x", progId: 1, linkId: 1 },
      ],
      flowDissector: undefined,
      netfilter: [],
    },
    // The names of hooks are ours.
    ({ tc, ...others }: NetAttachments) =>
      netText({ ...others, tc: tc.map((at) => ({ ...at, hook: "clsact" as never })) }),
  ],
  [
    "graph",
    {
      program: {
        instructions: returning(0),
        functions: [{ slot: 0, proto: "int f(void)" }],
        lines: [{ slot: 0, source: "return 0;", file: "f.c", line: 1, column: 1 }],
      },
      names: {},
    },
    (loaded: LoadedInstructions) => graphText(loaded, { linum: true }),
  ],
];

/** A copy in which every text is hostile, except for those that choose the form. */
function hostile(value: unknown, key = ""): unknown {
  if (typeof value === "string") return ["kind", "tag"].includes(key) ? value : HOSTILE;
  if (Array.isArray(value)) return value.map((one) => hostile(one));
  if (value === null || typeof value !== "object" || !Object.is(Object.getPrototypeOf(value), Object.prototype)) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, hostile(member, name)]));
}

for (const [what, record, text] of CASES) {
  test(`no name in the text of ${what} makes a line or reaches the terminal raw`, () => {
    const honest = text(record as never);
    const shown = text(hostile(record) as never);
    assert.equal(shown.split("\n").length, honest.split("\n").length, shown);
    // Source lines keep their tabs.
    if (what !== "graph") assert.equal(shown.split("\t").length, honest.split("\t").length, shown);
    assert.equal(escapeText(shown), shown);
    assert.match(shown, /a\\+nb/);
  });
}
