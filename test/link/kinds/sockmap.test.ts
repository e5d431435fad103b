import assert from "node:assert/strict";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { ldx, r0, r6 } from "../../../src/asm/index.ts";
import { attachSockmap, KernelLink, queryPrograms } from "../../../src/link/index.ts";
import { BpfMap } from "../../../src/map/index.ts";
import { mapCreate, mapUpdateElem, OwnedFd } from "../../../src/sys/index.ts";
import { BpfAttachType, BpfMapType, BpfProgType } from "../../../src/uapi/index.ts";
import { type CountingOptions, counting } from "../../support/counting.ts";
import { lacking, needs } from "../../support/feature.ts";
import { fdOf, tcpPair } from "../../support/traffic.ts";
import { attachmentConformance, linkConformance, ownFds } from "../conformance.ts";

const SK_PASS = 1;

function socketMap(t: TestContext, map_type: number = BpfMapType.BPF_MAP_TYPE_SOCKMAP): BpfMap {
  const map = new BpfMap(new OwnedFd(mapCreate({ map_type, key_size: 4, value_size: 4, max_entries: 4 }), "peers"));
  t.after(() => map.close());
  return map;
}

/** Puts one end of a connection into the map, and sends there and back: a socket has the programs of its entering. */
async function talk(map: BpfMap): Promise<void> {
  const pair = await tcpPair();
  try {
    mapUpdateElem(map.fd, new Uint8Array(4), new Uint8Array(Uint32Array.of(fdOf(pair.near)).buffer));
    const asked = once(pair.far, "data");
    pair.near.write("ping");
    await asked;
    const answered = once(pair.near, "data");
    pair.far.write("pong");
    await answered;
  } finally {
    await pair.close();
  }
}

const SK_BUFF_LEN = 0;
const kinds: readonly (readonly [attachType: string, load: CountingOptions])[] = [
  ["sk_msg_verdict", { prog_type: BpfProgType.BPF_PROG_TYPE_SK_MSG, result: SK_PASS }],
  ["sk_skb_verdict", { prog_type: BpfProgType.BPF_PROG_TYPE_SK_SKB, result: SK_PASS }],
  ["sk_skb_stream_verdict", { prog_type: BpfProgType.BPF_PROG_TYPE_SK_SKB, result: SK_PASS }],
  ["sk_skb_stream_parser", { prog_type: BpfProgType.BPF_PROG_TYPE_SK_SKB, rest: [ldx("u32", r0, r6, SK_BUFF_LEN)] }],
];
for (const [attachType, options] of kinds) {
  const expected_attach_type = BpfAttachType[`BPF_${attachType.toUpperCase()}` as "BPF_SK_MSG_VERDICT"];
  const load = { ...options, expected_attach_type };
  for (const withoutLink of [false, true]) {
    test(`sockmap: ${attachType} ${withoutLink ? "without a link" : "links"}`, async (t) => {
      if (!withoutLink && !needs(t, "link:sockmap")) return;
      if (attachType === "sk_skb_verdict" && !needs(t, "attach:sk_skb_verdict")) return;
      const map = socketMap(t);
      // A parser runs only where a verdict on what it has parsed is there too.
      const verdict = counting(t, { prog_type: BpfProgType.BPF_PROG_TYPE_SK_SKB, result: SK_PASS }).program;
      if (attachType === "sk_skb_stream_parser") {
        const stays = attachSockmap(verdict, { map, attachType: "sk_skb_stream_verdict", withoutLink: true });
        t.after(() => stays.close());
      }
      const common = {
        first: counting(t, load),
        second: counting(t, load),
        fire: () => talk(map),
      };
      if (withoutLink) {
        await attachmentConformance(t, {
          ...common,
          attach: (program) => attachSockmap(program, { map, attachType, withoutLink }),
        });
        return;
      }
      await linkConformance(t, {
        ...common,
        kind: "sockmap",
        attach: (program) => attachSockmap(program, { map, attachType }),
        check: (info) => {
          assert.ok(info.kind === "sockmap");
          assert.deepEqual([info.mapId, info.attachType], [map.id, expected_attach_type]);
        },
      });
    });
  }
}

test("sockmap: what is there, of a sockhash too", (t) => {
  if (!needs(t, "query:sockmap")) return;
  for (const type of [BpfMapType.BPF_MAP_TYPE_SOCKMAP, BpfMapType.BPF_MAP_TYPE_SOCKHASH]) {
    const map = socketMap(t, type);
    const { program } = counting(t, { prog_type: BpfProgType.BPF_PROG_TYPE_SK_SKB, result: SK_PASS });
    assert.deepEqual(queryPrograms({ map }, "sk_skb_verdict").programs, []);
    using link = attachSockmap(program, { map, attachType: "sk_skb_verdict" });
    assert.equal(queryPrograms({ map }, "sk_skb_verdict").programs[0]?.id, program.id);
    assert.equal(link.typeName, "sockmap");
    assert.equal(link instanceof KernelLink, lacking("link:sockmap") === false);
  }
});

test("sockmap: the usual mistakes have names", (t) => {
  if (!needs(t, "attach:sk_skb_verdict")) return;
  const map = socketMap(t);
  const { program } = counting(t, { prog_type: BpfProgType.BPF_PROG_TYPE_SK_SKB, result: SK_PASS });
  const xdp = counting(t, { prog_type: BpfProgType.BPF_PROG_TYPE_XDP }).program;
  const array = new BpfMap(
    new OwnedFd(
      mapCreate({ map_type: BpfMapType.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 4, max_entries: 1 }),
      "map counts",
    ),
  );
  t.after(() => array.close());
  using _link = attachSockmap(program, { map, attachType: "sk_skb_verdict" });
  const mistakes: readonly (readonly [call: () => unknown, message: RegExp])[] = [
    [() => attachSockmap(program, { map }), /give its attachType/],
    [() => attachSockmap(program, { map, attachType: "xdp" }), /not one that sockmaps have/],
    [
      () => attachSockmap(xdp, { map, attachType: "sk_msg_verdict" }),
      /\(xdp\) cannot be attached to .*takes sk_msg programs/,
    ],
    [
      () => attachSockmap(program, { map: array, attachType: "sk_skb_verdict" }),
      /the map is of type array, not sockmap/,
    ],
    [() => attachSockmap(xdp, { map, attachType: "sk_msg_verdict", withoutLink: true }), /takes sk_msg programs/],
    [
      () => attachSockmap(program, { map, attachType: "sk_skb_stream_verdict" }),
      /it would have both an sk_skb_verdict program and a stream program/,
    ],
  ];
  const fds = ownFds();
  for (const [call, message] of mistakes) assert.throws(call, { message }, String(message));
  // Without links the second takes the place of the first.
  if (lacking("link:sockmap") === false) {
    const again = (): unknown => attachSockmap(program, { map, attachType: "sk_skb_verdict" });
    assert.throws(again, /the map already has a program of this attach type/);
  }
  assert.deepEqual(ownFds(), fds);
});
