import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { mapCreate, mapInfo, type ProgLoadOptions, progInfo, progLoad, progQuery } from "../../../src/sys/index.ts";
import { BpfAttachType, BpfMapType, BpfProgType } from "../../../src/uapi/index.ts";
import { owned } from "../../support/cleanup.ts";
import { withNetns } from "../../support/netns.ts";
import { returning } from "../../support/programs.ts";
import { bpfts, COMMAND } from "../run.ts";

/** A program's id. */
function program(t: TestContext, options: Pick<ProgLoadOptions, "prog_type" | "expected_attach_type">): number {
  return progInfo(owned(t, progLoad({ insns: returning(1), ...options }))).id;
}

function sockmap(t: TestContext): { readonly fd: number; readonly id: number } {
  const options = { map_type: BpfMapType.BPF_MAP_TYPE_SOCKMAP, key_size: 4, value_size: 4, max_entries: 1 };
  const fd = owned(t, mapCreate(options));
  return { fd, id: mapInfo(fd).id };
}

const { BPF_SK_MSG_VERDICT, BPF_SK_SKB_STREAM_PARSER, BPF_SK_SKB_STREAM_VERDICT, BPF_SK_SKB_VERDICT } = BpfAttachType;
const { BPF_PROG_TYPE_SK_MSG, BPF_PROG_TYPE_SK_SKB } = BpfProgType;

for (const [name, old, prog_type, type] of [
  ["sk_msg_verdict", "msg", BPF_PROG_TYPE_SK_MSG, BPF_SK_MSG_VERDICT],
  ["sk_skb_verdict", "skb", BPF_PROG_TYPE_SK_SKB, BPF_SK_SKB_VERDICT],
  ["sk_skb_stream_verdict", "stream_v", BPF_PROG_TYPE_SK_SKB, BPF_SK_SKB_STREAM_VERDICT],
  ["sk_skb_stream_parser", "stream_parser", BPF_PROG_TYPE_SK_SKB, BPF_SK_SKB_STREAM_PARSER],
] as const) {
  test(`prog attach and detach ${name}, and by its old name`, (t) => {
    const id = program(t, { prog_type });
    const map = sockmap(t);
    for (const word of [name, old]) {
      for (const [command, attached] of [
        ["attach", [id]],
        ["detach", []],
      ] as const) {
        const ran = bpfts("prog", command, "id", `${id}`, word, "id", `${map.id}`);
        assert.deepEqual(ran, { stdout: "", stderr: "", code: 0 }, `${command} ${word}`);
        assert.deepEqual([...progQuery(map.fd, type).prog_ids], attached, `${command} ${word}`);
      }
    }
    assert.equal(bpfts("-j", "prog", "attach", "id", `${id}`, name, "id", `${map.id}`).stdout, "null\n");
  });
}

test("prog attach and detach flow_dissector", (t) => {
  const netns = withNetns(t);
  const id = program(t, { prog_type: BpfProgType.BPF_PROG_TYPE_FLOW_DISSECTOR });
  const run = (command: string) =>
    netns.run(process.execPath, COMMAND, "prog", command, "id", `${id}`, "flow_dissector");
  assert.equal(run("attach"), "");
  assert.equal(run("detach"), "");
  assert.throws(() => run("detach"), /failed to detach from this network namespace as flow_dissector: No such file/);
});

test("prog attach says what is wrong", (t) => {
  const id = `${program(t, { prog_type: BPF_PROG_TYPE_SK_SKB })}`;
  const map = sockmap(t);
  for (const [words, message] of [
    [["id", id], /^Error: 'attach' needs at least 3 arguments, 2 found\n$/],
    [["id", id, "nonsense"], /^Error: invalid attach\/detach type 'nonsense': it is one of sk_skb_stream_parser, /],
    [["id", id, "sk_skb_verdic", "id", "1"], /invalid attach\/detach type 'sk_skb_verdic'/],
    [["id", id, "skb_verdict", "id"], /^Error: 'skb_verdict' needs at least 2 arguments, 1 found\n$/],
    [["id", id, "sk_msg_verdict", "id", `${map.id}`], /^Error: failed to attach to the map as sk_msg_verdict: Invalid/],
    [["id", id, "sk_skb_verdict", "id", `${map.id}`, "more"], /^Error: expected no more arguments, got: 'more'\?\n$/],
  ] as const) {
    const { stdout, stderr, code } = bpfts("prog", "attach", ...words);
    assert.match(stderr, message);
    assert.equal(stdout, "");
    assert.ok(code === 234 || code === 255);
  }
});
