import assert from "node:assert/strict";
import { test } from "node:test";
import { FormatError } from "../../src/errors/index.ts";
import { encodeAttributes, type NetlinkAttribute } from "../../src/sys/index.ts";
import { parseNetDevice, parseTcBpfFilter, parseTcNode } from "../../src/sys/network-listing.ts";
import { Ifinfomsg, IfAttribute as L, TcAttribute as T, Tcmsg } from "../../src/uapi/index.ts";

function message(header: DataView, attributes: readonly NetlinkAttribute[]): Uint8Array {
  return new Uint8Array(Buffer.concat([new Uint8Array(header.buffer), encodeAttributes(attributes)]));
}

function device(xdp: readonly NetlinkAttribute[]): Uint8Array {
  return message(Ifinfomsg.alloc({ ifi_index: 7 }), [
    [L.IFLA_IFNAME, "eth0"],
    [L.IFLA_XDP, xdp],
  ]);
}

test("the XDP programs of a device: one, none, and one for each of two modes", () => {
  const attached = (mode: number): NetlinkAttribute => [L.IFLA_XDP_ATTACHED, Uint8Array.of(mode)];
  assert.deepEqual(parseNetDevice(device([attached(0)])), { ifindex: 7, name: "eth0", xdp: [] });
  assert.deepEqual(parseNetDevice(device([attached(1), [L.IFLA_XDP_PROG_ID, 5]])).xdp, [
    { mode: "driver", prog_id: 5 },
  ]);
  const several = [attached(4), [L.IFLA_XDP_SKB_PROG_ID, 5], [L.IFLA_XDP_HW_PROG_ID, 6]] as const;
  assert.deepEqual(parseNetDevice(device(several)).xdp, [
    { mode: "generic", prog_id: 5 },
    { mode: "offload", prog_id: 6 },
  ]);
});

const ACTIONS: readonly NetlinkAttribute[] = [
  [
    1,
    [
      [T.TCA_ACT_KIND, "bpf"],
      [
        T.TCA_ACT_OPTIONS,
        [
          [T.TCA_ACT_BPF_NAME, "action"],
          [T.TCA_ACT_BPF_ID, 9],
        ],
      ],
    ],
  ],
  [2, [[T.TCA_ACT_KIND, "mirred"]]],
];
const FILTER = message(Tcmsg.alloc({ tcm_ifindex: 7, tcm_handle: 1, tcm_info: 0x10300 }), [
  [T.TCA_KIND, "bpf"],
  [
    T.TCA_OPTIONS,
    [
      [T.TCA_BPF_NAME, "filter"],
      [T.TCA_BPF_ID, 8],
      [T.TCA_BPF_ACT, ACTIONS],
    ],
  ],
]);

test("a tc filter with actions: the BPF actions are listed, others are not", () => {
  assert.deepEqual(parseTcBpfFilter(FILTER), {
    priority: 1,
    handle: 1,
    name: "filter",
    prog_id: 8,
    actions: [{ name: "action", prog_id: 9 }],
  });
  const group = message(Tcmsg.alloc({}), [[T.TCA_KIND, "bpf"]]);
  assert.equal(parseTcBpfFilter(group), undefined);
  assert.deepEqual(parseTcNode(FILTER), { ifindex: 7, kind: "bpf", handle: 1 });
});

test("each prefix of a message gives an answer or a FormatError", () => {
  for (let length = 0; length < FILTER.length; length++) {
    for (const parse of [parseTcBpfFilter, parseTcNode, parseNetDevice]) {
      try {
        parse(FILTER.subarray(0, length));
      } catch (error) {
        assert.ok(error instanceof FormatError, `${length} bytes: ${error}`);
      }
    }
  }
});
