import assert from "node:assert/strict";
import { test } from "node:test";
import { linkJson, linkText } from "../../../src/cli/link/render.ts";
import { formatJson } from "../../../src/cli/output/json-writer.ts";
import type { LinkDescription, SymbolName } from "../../../src/inventory/index.ts";
import type { LinkInfo } from "../../../src/link/index.ts";
import { BpfAttachType, BpfLinkType, BpfProgType } from "../../../src/uapi/index.ts";

// The kinds that not every machine can make, as bpftool's source writes them.

const t = BpfLinkType;
const head = { id: 7, progId: 9 };
const SYMBOLS: ReadonlyMap<bigint, SymbolName> = new Map([
  [0xffffffff81000010n, { func: "do_nanosleep", module: undefined }],
  [0xffffffffc0000010n, { func: "in_module", module: "veth" }],
]);

const CASES: [string, LinkInfo, Partial<LinkDescription>, string, string][] = [
  [
    "fentry",
    {
      ...head,
      kind: "tracing",
      type: t.BPF_LINK_TYPE_TRACING,
      attachType: BpfAttachType.BPF_TRACE_FENTRY,
      targetObjId: 1,
      targetBtfId: 22,
      cookie: 3n,
    },
    { progType: BpfProgType.BPF_PROG_TYPE_TRACING },
    "7: tracing  prog 9  \n\tprog_type tracing  attach_type trace_fentry  \n\ttarget_obj_id 1  target_btf_id 22  \n\tcookie 3  \n",
    '{"id":7,"type":"tracing","prog_id":9,"prog_type":"tracing","attach_type":"trace_fentry","target_obj_id":1,"target_btf_id":22,"cookie":3}',
  ],
  [
    "kprobe_multi, one address without a symbol",
    {
      ...head,
      kind: "kprobe_multi",
      type: t.BPF_LINK_TYPE_KPROBE_MULTI,
      count: 3,
      flags: 0,
      missed: 2n,
      addrs: [0xffffffffc0000010n, 0xffffffff80000000n, 0xffffffff81000010n],
      cookies: [0x1fn, 0n, 5n],
    },
    {},
    "7: kprobe_multi  prog 9  \n\tkprobe.multi  func_cnt 3  missed 2  " +
      "\n\taddr             cookie           func [module]" +
      "\n\tffffffff80000000 0                0xffffffff80000000  " +
      "\n\tffffffff81000010 5                do_nanosleep  " +
      "\n\tffffffffc0000010 1f               in_module [veth]  \n",
    '{"id":7,"type":"kprobe_multi","prog_id":9,"retprobe":false,"func_cnt":3,"missed":2,"funcs":[' +
      '{"addr":18446744071562067968,"func":"0xffffffff80000000","module":null,"cookie":0},' +
      '{"addr":18446744071578845200,"func":"do_nanosleep","module":null,"cookie":5},' +
      '{"addr":18446744072635809808,"func":"in_module","module":"veth","cookie":31}]}',
  ],
  [
    "struct_ops",
    { ...head, progId: 0, kind: "struct_ops", type: t.BPF_LINK_TYPE_STRUCT_OPS, mapId: 5 },
    {},
    "7: struct_ops  map 5  \n",
    '{"id":7,"type":"struct_ops","prog_id":0,"map_id":5}',
  ],
  [
    "netkit",
    {
      ...head,
      kind: "netkit",
      type: t.BPF_LINK_TYPE_NETKIT,
      ifindex: 4,
      attachType: BpfAttachType.BPF_NETKIT_PRIMARY,
    },
    { deviceName: "nk0" },
    "7: netkit  prog 9  \n\tifindex nk0(4)  attach_type netkit_primary  \n",
    '{"id":7,"type":"netkit","prog_id":9,"devname":"nk0","ifindex":4,"attach_type":"netkit_primary"}',
  ],
  [
    "xdp in another namespace",
    { ...head, kind: "xdp", type: t.BPF_LINK_TYPE_XDP, ifindex: 4 },
    {},
    "7: xdp  prog 9  \n\tifindex (unknown)  \n",
    '{"id":7,"type":"xdp","prog_id":9,"devname":"(unknown)","ifindex":4}',
  ],
  [
    "kretprobe",
    {
      ...head,
      kind: "perf_event",
      type: t.BPF_LINK_TYPE_PERF_EVENT,
      event: {
        kind: "kretprobe",
        type: 4,
        funcName: "do_exit",
        offset: 16,
        addr: 0xffffffff81000000n,
        missed: 1n,
        cookie: 2n,
      },
    },
    {},
    "7: perf_event  prog 9  \n\tkretprobe ffffffff81000000 do_exit+0x10  missed 1  cookie 2  \n",
    '{"id":7,"type":"perf_event","prog_id":9,"retprobe":true,"addr":18446744071578845184,"func":"do_exit","offset":16,"missed":1,"cookie":2}',
  ],
  [
    "a cache event",
    {
      ...head,
      kind: "perf_event",
      type: t.BPF_LINK_TYPE_PERF_EVENT,
      event: { kind: "event", type: 6, eventType: 3, config: 0x10002n, cookie: 0n },
    },
    {},
    "7: perf_event  prog 9  \n\tevent hw-cache:LLC-load-misses  \n",
    '{"id":7,"type":"perf_event","prog_id":9,"event_type":"hw-cache","event_config":"LLC-load-misses","cookie":0}',
  ],
  [
    "netfilter on a hook that has no name",
    { ...head, kind: "netfilter", type: t.BPF_LINK_TYPE_NETFILTER, pf: 4, hooknum: 9, priority: 1, flags: 1 },
    {},
    "7: netfilter  prog 9  \n\tpf: 4, hook 9, prio 1 flags 0x1\n",
    '{"id":7,"type":"netfilter","prog_id":9,"pf":4,"hook":9,"prio":1,"flags":1}',
  ],
  [
    "a kind of tomorrow",
    { ...head, kind: "unknown", type: 99 },
    {},
    "7: type 99  prog 9  \n",
    '{"id":7,"type":99,"prog_id":9}',
  ],
  [
    "pins and processes",
    { ...head, kind: "unknown", type: 99 },
    {
      pins: ["/a", "/b"],
      holders: [
        { pid: 3, comm: "agent" },
        { pid: 4, comm: "tool" },
      ],
    },
    "7: type 99  prog 9  \n\tpinned /a\n\tpinned /b\n\tpids agent(3), tool(4)\n",
    '{"id":7,"type":99,"prog_id":9,"pinned":["/a","/b"],"pids":[{"pid":3,"comm":"agent"},{"pid":4,"comm":"tool"}]}',
  ],
];

for (const [what, info, more, text, json] of CASES) {
  test(`a link is written as bpftool writes it: ${what}`, () => {
    const link: LinkDescription = {
      id: info.id,
      info,
      progType: undefined,
      deviceName: undefined,
      symbols: SYMBOLS,
      perfCookie: undefined,
      ...more,
    };
    assert.equal(linkText(link), text);
    assert.equal(formatJson(linkJson(link)), json);
  });
}
