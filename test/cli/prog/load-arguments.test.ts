import assert from "node:assert/strict";
import { test } from "node:test";
import { replacedMaps, takeLoadArguments } from "../../../src/cli/prog/load-arguments.ts";
import { Words } from "../../../src/cli/words/words.ts";
import { mapCreate, mapInfo, OwnedFd } from "../../../src/sys/index.ts";
import { BpfMapType, BpfProgType } from "../../../src/uapi/index.ts";
import { owned } from "../../support/cleanup.ts";

function take(line: string): ReturnType<typeof takeLoadArguments> {
  return takeLoadArguments(new Words(["prog", "load", ...line.split(" ")], 2));
}

test("the words of prog load, cut short as bpftool takes them", () => {
  const { file, path, type, pinMaps, autoAttach, kernelBtf } = take("a.o /p t xdp p /maps a k vmlinux.btf");
  assert.deepEqual(
    { file, path, type: type?.type, pinMaps, autoAttach, kernelBtf },
    {
      file: "a.o",
      path: "/p",
      type: BpfProgType.BPF_PROG_TYPE_XDP,
      pinMaps: "/maps",
      autoAttach: true,
      kernelBtf: "vmlinux.btf",
    },
  );
  // These need the slash that bpftool adds.
  assert.equal(take("a.o /p type kprobe").type?.type, BpfProgType.BPF_PROG_TYPE_KPROBE);
  assert.equal(take("a.o /p type cgroup/skb").type?.type, BpfProgType.BPF_PROG_TYPE_CGROUP_SKB);
});

test("what prog load refuses", () => {
  const cases: [string, RegExp][] = [
    ["a.o", /^'load' needs at least 2 arguments, 1 found$/],
    ["a.o /p type", /^'type' needs at least 1 arguments, 0 found$/],
    ["a.o /p type nosuch", /^unknown program type 'nosuch'/],
    ["a.o /p type xdp type xdp", /^program type already specified$/],
    ["a.o /p map idx 0", /^'map' needs at least 4 arguments, 2 found$/],
    ["a.o /p map nonsense 0 id 1", /^expected 'idx' or 'name', got: 'nonsense'\?$/],
    ["a.o /p map idx x id 1", /^can't parse x as IDX$/],
    ["a.o /p map idx 0 id 4294967295", /^get map by id \(4294967295\): No such file or directory$/],
    ["a.o /p offload_dev", /^'offload_dev' needs at least 1 arguments, 0 found$/],
    ["a.o /p offload_dev no_such_dev", /^unrecognized netdevice 'no_such_dev': No such device$/],
    ["a.o /p offload_dev lo offload_dev lo", /^offload_dev already specified$/],
    ["a.o /p xdpmeta_dev lo xdpmeta_dev lo", /^xdpmeta_dev already specified$/],
    ["a.o /p xdpmeta_dev lo dev lo", /^xdpmeta_dev and offload_dev are mutually exclusive$/],
    ["a.o /p offload_dev lo xdpmeta_dev lo", /^xdpmeta_dev and offload_dev are mutually exclusive$/],
    [
      "a.o /p nonsense",
      /^expected no more arguments, 'type', 'map', 'offload_dev', 'xdpmeta_dev', 'pinmaps', 'autoattach', or 'kernel_btf'/,
    ],
  ];
  for (const [line, message] of cases) {
    assert.throws(
      () => take(line),
      (error: Error) => message.test(error.message),
      line,
    );
  }
});

test("maps are replaced by number or by name, each once", (t) => {
  const map = owned(
    t,
    mapCreate({ map_type: BpfMapType.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 4, max_entries: 1 }),
  );
  const { id } = mapInfo(map);
  const { replacements } = take(`a.o /p map idx 1 id ${id} map name counts id ${id}`);
  t.after(() => {
    for (const { fd } of replacements) fd.close();
  });
  const names = ["counts", ".rodata"];
  assert.deepEqual([...replacedMaps(names, replacements).keys()].sort(), [".rodata", "counts"]);
  const fd = new OwnedFd(-1, "no map");
  assert.throws(
    () => replacedMaps(names, [{ map: 2, fd }]),
    /^CommandError: map idx '2' not used: its maps are counts, .rodata$/,
  );
  assert.throws(() => replacedMaps([], [{ map: "x", fd }]), /unable to find map 'x': it has no maps/);
  assert.throws(
    () =>
      replacedMaps(names, [
        { map: 0, fd },
        { map: "counts", fd },
      ]),
    /replacement for map idx 0 specified more than once/,
  );
});
