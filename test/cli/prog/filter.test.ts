import assert from "node:assert/strict";
import { test } from "node:test";
import { attachCgroup } from "../../../src/link/index.ts";
import { loadObject } from "../../../src/load/index.ts";
import { withBpffs } from "../../support/bpffs.ts";
import { withCgroup } from "../../support/cgroup.ts";
import { needs } from "../../support/feature.ts";
import { bpfts } from "../run.ts";

interface Shown {
  id: number;
  type: string;
  maps: { id: number; name: string }[];
  verified_insns: number;
  attach_to?: { name: string; btf_name: string };
}

function shown(...args: string[]): Shown[] {
  const { stdout, stderr, code } = bpfts("-j", "prog", "show", ...args);
  assert.equal(code, 0, stderr + stdout);
  return JSON.parse(stdout);
}

test("prog show is narrowed by type, process, cgroup and map", (t) => {
  const cgroup = withCgroup(t).path;
  const bpffs = withBpffs(t);
  using object = loadObject("test/bpf/counter.bpf.o");
  const { ingress, egress, forked } = object.programs;
  const { counts, forks } = object.maps;
  assert.ok(ingress && egress && forked && counts && forks);
  using _ = attachCgroup(egress, { cgroup });
  const own = new Set([ingress.id, egress.id, forked.id]);
  const ids = (...args: string[]): number[] =>
    shown(...args)
      .map(({ id }) => id)
      .filter((id) => own.has(id));

  assert.deepEqual(
    ids("--type", "cgroup_skb"),
    [ingress.id, egress.id].sort((a, b) => a - b),
  );
  assert.ok(shown("--type=cgroup_skb").every(({ type }) => type === "cgroup_skb"));
  assert.deepEqual(ids("--pid", `${process.pid}`).length, 3);
  assert.deepEqual(ids("--pid", "1"), []);
  assert.deepEqual(
    shown("--cgroup", cgroup).map(({ id }) => id),
    [egress.id],
  );
  assert.deepEqual(
    shown("--map", `${forks.id}`).map(({ id }) => id),
    [forked.id],
  );
  counts.pin(`${bpffs}/counts`);
  for (const map of ["counts", `${bpffs}/counts`]) {
    assert.deepEqual(ids("--map", map, "--type", "cgroup_skb").length, 2);
    assert.deepEqual(ids("--map", map, "--type", "xdp"), []);
  }
  assert.deepEqual(shown("id", `${egress.id}`, "--type", "xdp"), []);
  assert.equal(bpfts("prog", "show", "--type", "nonsense").stderr, "Error: unknown program type 'nonsense'\n");
  assert.match(bpfts("prog", "show", "--cgroup", "/tmp").stderr, /^Error: .*\/tmp/);
});

test("--details tells map names, the attach target and what the verifier went through", (t) => {
  using object = loadObject("test/bpf/counter.bpf.o");
  const id = `${object.programs.forked?.id}`;
  const plain = bpfts("prog", "show", "id", id).stdout;
  const { stdout } = bpfts("prog", "show", "id", id, "--details");
  assert.ok(stdout.startsWith(plain.trimEnd()));
  assert.match(stdout, /\n\tverified_insns \d+\n\tmaps forks\(\d+\)/);
  const [{ verified_insns, maps } = {} as Shown] = [
    JSON.parse(bpfts("-j", "--details", "prog", "show", "id", id).stdout),
  ];
  assert.ok(verified_insns > 0);
  assert.equal(maps[0]?.name, "forks");
  if (!needs(t, "attach:fentry")) return;
  using tracing = loadObject("test/bpf/sections-fentry.bpf.o");
  for (const program of Object.values(tracing.programs)) {
    const one: Shown = JSON.parse(bpfts("-j", "--details", "prog", "show", "id", `${program.id}`).stdout);
    assert.equal(one.attach_to?.name, program.origin.attachTo?.replace(/^.*:/, ""));
    assert.equal(one.attach_to?.btf_name, "vmlinux");
  }
});

test("options of ours take no part in the abbreviations", () => {
  assert.match(bpfts("--p", "prog", "show", "id", "0").stdout, /^\{\n {4}"error"/);
  assert.match(bpfts("prog", "show", "--det").stderr, /unrecognized option '--det'/);
  assert.match(bpfts("prog", "show", "--pid").stderr, /option '--pid' needs a value: PID/);
});
