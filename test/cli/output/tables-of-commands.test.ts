// The option --table of each command that lists something.
import assert from "node:assert/strict";
import { test } from "node:test";
import { linkCreate, linkInfo, mapCreate, mapInfo, progAttach, progInfo, progLoad } from "../../../src/sys/index.ts";
import { BpfAttachFlag, BpfAttachType, BpfMapType, BpfProgType } from "../../../src/uapi/index.ts";
import { withCgroup } from "../../support/cgroup.ts";
import { owned } from "../../support/cleanup.ts";
import { returning } from "../../support/programs.ts";
import { bpfts } from "../run.ts";

/** Returns the cells of a table's lines. No cell of these tables contains two blanks. */
function tableOf(line: string): string[][] {
  const { stdout, stderr, code } = bpfts(...line.split(" "));
  assert.deepEqual([stderr, code], ["", 0], line);
  const lines = stdout.trimEnd().split("\n");
  return lines.map((row) => row.trim().split(/ {2,}/));
}

test("prog, map, link and cgroup show tables", (t) => {
  const egress = { prog_type: BpfProgType.BPF_PROG_TYPE_CGROUP_SKB, insns: returning(1), prog_name: "table_egress" };
  const program = owned(t, progLoad({ ...egress, expected_attach_type: BpfAttachType.BPF_CGROUP_INET_EGRESS }));
  const { id } = progInfo(program);
  const cgroup = withCgroup(t);
  progAttach(program, cgroup.fd, BpfAttachType.BPF_CGROUP_INET_EGRESS, {
    attach_flags: BpfAttachFlag.BPF_F_ALLOW_MULTI,
  });
  const link = linkInfo(owned(t, linkCreate(program, cgroup.fd, BpfAttachType.BPF_CGROUP_INET_EGRESS)));
  const hash = { map_type: BpfMapType.BPF_MAP_TYPE_HASH, key_size: 4, value_size: 8, max_entries: 16 };
  const map = mapInfo(owned(t, mapCreate({ ...hash, map_name: "table_map" })));

  assert.deepEqual(tableOf(`--columns id,type,name prog show id ${id}`), [
    ["ID", "TYPE", "NAME"],
    [`${id}`, "cgroup_skb", "table_egress"],
  ]);
  assert.deepEqual(tableOf(`--columns id,type,name,key,value,entries map show id ${map.id}`), [
    ["ID", "TYPE", "NAME", "KEY", "VALUE", "ENTRIES"],
    [`${map.id}`, "hash", "table_map", "4", "8", "16"],
  ]);
  const [head, row] = tableOf(`--table link show id ${link.id}`);
  assert.deepEqual(head?.slice(0, 4), ["ID", "TYPE", "PROG", "ATTACHED"]);
  assert.deepEqual(row?.slice(0, 3), [`${link.id}`, "cgroup", `${id}`]);
  assert.match(row?.[3] ?? "", /^cgroup_id \d+ attach_type cgroup_inet_egress$/);
  assert.deepEqual(tableOf(`--table cgroup show ${cgroup.path}`), [
    ["ID", "TYPE", "FLAGS", "NAME"],
    [`${id}`, "cgroup_inet_egress", "multi", "table_egress"],
    [`${id}`, "cgroup_inet_egress", "multi", "table_egress"],
  ]);
  assert.deepEqual(tableOf(`--columns cgroup,id,link cgroup tree ${cgroup.path} details --sort link`), [
    ["CGROUP", "ID", "LINK"],
    [cgroup.path, `${id}`, `${link.id}`],
    [cgroup.path, `${id}`, "-"],
  ]);
  assert.deepEqual(tableOf("--columns device,hook,prog net show dev lo")[0], ["DEVICE", "HOOK", "PROG"]);

  const all = JSON.parse(bpfts("-j", "--columns", "id,name", "--sort", "-id", "prog").stdout) as { id: number }[];
  assert.deepEqual(
    all.map((one) => one.id),
    all.map((one) => one.id).sort((one, other) => other - one),
  );
  assert.deepEqual(Object.keys(all[0] ?? {}), ["id", "name"]);
  assert.match(bpfts("--sort", "nmae", "map").stderr, /^Error: there is no column 'nmae'; .*did you mean 'name'\?\n$/);
  const both = bpfts("--type", "cgroup_skb", "--table", "prog", "show", "id", `${map.id}000`);
  assert.match(both.stderr, /get by id/);
});
