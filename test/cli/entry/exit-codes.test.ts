import assert from "node:assert/strict";
import { test } from "node:test";
import { mapCreate, mapInfo, objPin, progInfo, progLoad } from "../../../src/sys/index.ts";
import { BpfMapType, BpfProgType } from "../../../src/uapi/index.ts";
import { withBpffs } from "../../support/bpffs.ts";
import { owned } from "../../support/cleanup.ts";
import { returning } from "../../support/programs.ts";
import { bpftool, bpfts, hasPeer } from "../run.ts";

const LONG = "x".repeat(300);

test("failures have bpftool's exit codes, and its warnings stand in front of them", (t) => {
  const bpffs = withBpffs(t);
  const program = owned(t, progLoad({ prog_type: BpfProgType.BPF_PROG_TYPE_XDP, insns: returning(0) }));
  objPin(`${bpffs}/program`, program);
  const { id } = progInfo(program);
  const array = { map_type: BpfMapType.BPF_MAP_TYPE_PROG_ARRAY, key_size: 4, value_size: 4, max_entries: 1 };
  const programs = owned(t, mapCreate(array));
  const arrayId = `${mapInfo(programs).id}`;
  const create = ["type", "hash", "key", "4", "value", "4", "entries", "1", "name", "x"];
  const KEPT_OPEN = /^Warning: updating program array via MAP_ID, .*\n.* update will be lost\nError: /;
  const cases: readonly (readonly [line: readonly string[], code: number, stderr?: RegExp])[] = [
    [["link", "detach", "id", "4294967295"], 1],
    [["link", "detach", "id", "x"], 1],
    [["link", "detach", "id"], 1],
    [["link", "detach", "x"], 1],
    [["link", "detach"], 1],
    [["link", "detach", "pinned", `${bpffs}/none`], 1],
    [["link", "show", "id", "4294967295"], 254],
    [["link", "show", "pinned", `${bpffs}/none`], 255],
    [["link", "pin", "id", "4294967295", `${bpffs}/new`], 254],
    [["prog", "show", "id", "4294967295"], 255],
    [["map", "show", "id", "4294967295"], 255],
    [["iter", "pin", "/no/such.o", `${bpffs}/new`], 254],
    [["iter", "pin", "/etc/passwd", `${bpffs}/new`], 95],
    [["iter", "pin", "test/bpf/counter.bpf.o", `${bpffs}/new`], 234],
    [["iter", "pin", "test/bpf/counter.bpf.o", `${bpffs}/new`, "map", "id", "4294967295"], 255],
    [["iter", "pin", "x"], 255],
    [["prog", "pin", "pinned", `${bpffs}/program`, `${bpffs}/${LONG}`], 220],
    [["map", "create", `${bpffs}/${LONG}`, ...create], 220],
    [
      ["map", "create", `${bpffs}/new`, ...create, "dev", "nosuch"],
      255,
      /^Warning: 'dev NAME'.*offload_dev.*\nError: /s,
    ],
    [
      ["map", "create", `${bpffs}/new`, ...create, "offload_dev", "nosuch"],
      255,
      /netdevice 'nosuch': No such device\n$/,
    ],
    [["map", "update", "id", arrayId, "key", "9", "0", "0", "0", "value", "id", `${id}`], 249, KEPT_OPEN],
    [["map", "update", "id", arrayId, "key", "0", "0", "0", "0", "value", "id", "4294967295"], 255, KEPT_OPEN],
    [
      ["-B", "/no/such", "version"],
      255,
      /^Error: failed to parse base BTF at '\/no\/such': No such file or directory\n$/,
    ],
    [["-B", "/etc/passwd", "map", "show"], 255, /^Error: failed to parse base BTF at '\/etc\/passwd': /],
    [["-B", "", "help"], 255, /^Error: failed to parse base BTF at '': /],
    [["-B", "test/bpf/counter.bpf.o", "version"], 0],
  ];
  for (const [line, code, stderr = /./] of cases) {
    const shown = line.join(" ");
    const ours = bpfts(...line);
    assert.equal(ours.code, code, shown);
    if (code !== 0) assert.match(ours.stderr, stderr, shown);
    const json = bpfts("-j", ...line);
    assert.equal(json.code, code, `${shown} in JSON`);
    assert.equal(json.stderr, "", `${shown} in JSON`);
    JSON.parse(json.stdout);
    if (hasPeer) assert.equal(bpftool(...line).code, code, `${shown}, bpftool`);
  }
  assert.equal(bpfts("map", "create", "", ...create).code, 254);
});

test("the empty word is shown in quotes, or told in words", (t) => {
  const map = owned(
    t,
    mapCreate({ map_type: BpfMapType.BPF_MAP_TYPE_HASH, key_size: 4, value_size: 4, max_entries: 1 }),
  );
  const { id } = mapInfo(map);
  const cases: readonly (readonly [line: readonly string[], error: RegExp])[] = [
    [["map", "update", "id", `${id}`, "key", "1", "0", "0", "0", "value", ""], /^error parsing byte: ''$/],
    [["map", "show", "pinned", ""], /^the path of a pin cannot be empty$/],
    [["map", "pin", "id", `${id}`, ""], /^can't pin BPF object: the path is empty$/],
    [["prog", "loadall", "test/bpf/counter.bpf.o", ""], /^can't pin BPF object: the path is empty$/],
    [["prog", "load", "test/bpf/counter.bpf.o", ""], /^can't pin BPF object: the path is empty$/],
    [["iter", "pin", "test/bpf/iter-tasks.bpf.o", ""], /^can't pin BPF object: the path is empty$/],
  ];
  for (const [line, error] of cases) {
    assert.match(bpfts(...line).stderr, new RegExp(`^Error: ${error.source.slice(1, -1)}\n$`), line.join(" "));
  }
});
