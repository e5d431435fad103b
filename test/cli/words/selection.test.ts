import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAttachType } from "../../../src/cli/cgroup/attach-types.ts";
import { codeOf } from "../../../src/cli/command/command.ts";
import { COMMANDS } from "../../../src/cli/entry/command-table.ts";
import { parseU32, select } from "../../../src/cli/words/words.ts";
import { attachTypeName } from "../../../src/uapi/index.ts";

test("a cut word means the first entry that it begins, in bpftool's order", () => {
  const objects =
    "help batch prog map link cgroup perf net feature btf gen struct_ops iter token explain version verify completion";
  assert.equal(COMMANDS.map(({ name }) => name).join(" "), objects);
  const cases: [string, string][] = [
    ["p", "prog"],
    ["pe", "perf"],
    ["b", "batch"],
    ["bt", "btf"],
    ["f", "feature"],
    ["s", "struct_ops"],
    ["t", "token"],
    ["m", "map"],
    ["l", "link"],
    ["c", "cgroup"],
    ["version", "version"],
  ];
  for (const [word, name] of cases) assert.equal(select(COMMANDS, word, "bpfts").name, name);
});

test("a cut word never selects what changes something where it could mean more", () => {
  const accepted: [string, string, string][] = [
    ["prog", "l", "list"],
    ["prog", "d", "dump"],
    ["prog", "load", "load"],
    ["prog", "loada", "loadall"],
    ["prog", "r", "run"],
    ["prog", "pi", "pin"],
    ["link", "p", "pin"],
    ["link", "d", "detach"],
    ["map", "d", "dump"],
    ["map", "delet", "delete"],
    ["cgroup", "a", "attach"],
  ];
  for (const [object, word, name] of accepted) assert.equal(selectIn(object, word), name);
  const refused: [string, string, RegExp][] = [
    ["prog", "lo", /'lo' could be 'load', 'loadall'/],
    ["prog", "p", /'p' could be 'pin', 'profile'/],
    ["map", "de", /'de' could be 'delete', 'dequeue'/],
    ["map", "p", /'p' could be 'pin', 'peek', 'push', 'pop'/],
    ["prog", "", /'' is not a command of 'bpfts prog'/],
    ["prog", "nonsense", /'nonsense' is not a command of 'bpfts prog', which has: show, list/],
  ];
  for (const [object, word, message] of refused) assert.throws(() => selectIn(object, word), message);
});

function selectIn(object: string, word: string): string {
  return select(COMMANDS.find(({ name }) => name === object)?.commands ?? [], word, `bpfts ${object}`).name;
}

test("every command of the table that has code can be loaded", async () => {
  for (const { commands = [], run } of COMMANDS) {
    if (run !== undefined) assert.equal(typeof (await run()), "function");
    for (const entry of commands) {
      const code = codeOf(entry, commands);
      if (code !== undefined) assert.equal(typeof (await code()), "function", entry.name);
    }
  }
});

test("ids are decimal, hexadecimal or octal, whole, and never wrap", () => {
  const cases: [string, number][] = [
    ["0", 0],
    ["12", 12],
    ["0x1f", 31],
    ["0X1F", 31],
    ["017", 15],
    ["4294967295", 4294967295],
  ];
  for (const [text, value] of cases) assert.equal(parseU32(text, "ID"), value);
  for (const text of ["", " 1", "1 ", "+1", "-1", "1x", "08", "1e3", "0x", "4294967296", "4295056421", "١"]) {
    assert.throws(() => parseU32(text, "ID"), /can't parse .* as ID/, JSON.stringify(text));
  }
});

test("attach types of cgroups: libbpf's names, bpftool's old ones, and their unique beginnings", () => {
  const cases: [string, string][] = [
    ["cgroup_inet_ingress", "cgroup_inet_ingress"],
    ["lsm_cgroup", "lsm_cgroup"],
    ["ingress", "cgroup_inet_ingress"],
    ["i", "cgroup_inet_ingress"],
    ["sock_ops", "cgroup_sock_ops"],
    ["bind6", "cgroup_inet6_bind"],
    ["post_bind4", "cgroup_inet4_post_bind"],
    ["cgroup_unix_conn", "cgroup_unix_connect"],
    ["dev", "cgroup_device"],
  ];
  for (const [word, name] of cases) assert.equal(attachTypeName(parseAttachType(word)), name, word);
  assert.throws(() => parseAttachType("s"), /attach type 's' could be 'sock_create', 'sock_ops', 'sendmsg4'/);
  assert.throws(() => parseAttachType("nonsense"), /invalid attach type 'nonsense'/);
  assert.throws(() => parseAttachType(""), /invalid attach type ''/);
});
