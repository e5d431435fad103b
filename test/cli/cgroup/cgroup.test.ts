import assert from "node:assert/strict";
import { mkdirSync, rmdirSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { progInfo, progLoad, progQuery } from "../../../src/sys/index.ts";
import { BpfAttachType, BpfProgType } from "../../../src/uapi/index.ts";
import { withCgroup } from "../../support/cgroup.ts";
import { owned } from "../../support/cleanup.ts";
import { lacking } from "../../support/feature.ts";
import { returning } from "../../support/programs.ts";
import { assertParity, bpfts, type Placeholders } from "../run.ts";

const a = BpfAttachType;
const p = BpfProgType;

function program(t: TestContext, prog_type: number, expected_attach_type: number, prog_name: string): number {
  const insns = returning(1);
  return progInfo(owned(t, progLoad({ prog_type, insns, expected_attach_type, prog_name }))).id;
}

test("cgroup attach, show, tree and detach", (t) => {
  const { path, fd } = withCgroup(t);
  mkdirSync(`${path}/below`);
  try {
    checkTree(t, path, fd);
  } finally {
    // Before the cgroup above it.
    rmdirSync(`${path}/below`);
  }
});

function checkTree(t: TestContext, path: string, fd: number): void {
  const egress = program(t, p.BPF_PROG_TYPE_CGROUP_SKB, a.BPF_CGROUP_INET_EGRESS, "egress");
  const socket = program(t, p.BPF_PROG_TYPE_CGROUP_SOCK, a.BPF_CGROUP_INET_SOCK_CREATE, "socket");
  const device = program(t, p.BPF_PROG_TYPE_CGROUP_DEVICE, a.BPF_CGROUP_DEVICE, "device");
  // Padding follows the id's length, so the column is replaced with it.
  const ids: Placeholders = [
    [path, "cgroup"],
    [`${egress}`.padEnd(8), "egress id"],
    [`${socket}`.padEnd(8), "socket id"],
    [`${device}`.padEnd(8), "device id"],
    [egress, "egress id"],
    [socket, "socket id"],
    [device, "device id"],
  ];
  assert.deepEqual(bpfts("cgroup", "show", path), { stdout: "", stderr: "", code: 0 });
  assert.deepEqual(bpfts("-j", "cgroup", "show", path), { stdout: "[]\n", stderr: "", code: 0 });

  const nothing = { stdout: "", stderr: "", code: 0 };
  assert.deepEqual(bpfts("cgroup", "attach", path, "egress", "id", `${egress}`, "multi"), nothing);
  assert.deepEqual(bpfts("-j", "cgroup", "attach", path, "cgroup_inet_sock_create", "id", `${socket}`), {
    ...nothing,
    stdout: "null\n",
  });
  assert.deepEqual(bpfts("cgroup", "at", `${path}/below`, "device", "id", `${device}`, "override"), nothing);
  // Before 6.0 it asks for flags that the kernel does not know, and shows nothing but the head.
  const attached = { peerCan: lacking("query:cgroup_flags") === false };
  assertParity("cgroup show", ["cgroup", "show", path], ids, attached);
  assertParity("cgroup show below", ["cgroup", "show", `${path}/below`], ids, attached);
  assertParity("cgroup show effective", ["cgroup", "show", `${path}/below`, "effective"], ids);
  assertParity("cgroup tree", ["cgroup", "tree", path], ids, attached);
  assertParity("cgroup tree effective", ["cgroup", "tree", path, "effective"], ids);

  const cases: [string[], RegExp][] = [
    [
      ["attach", path, "device", "id", `${egress}`],
      /^Error: program egress \(cgroup_skb\) cannot be attached to .* as cgroup_device: this hook takes cgroup_device programs$/,
    ],
    [
      ["attach", path, "egress", "id", `${egress}`, "override"],
      /as cgroup_inet_egress: program \d+ is attached there with multi, but this program was to be attached with override; all programs at a hook must have the same mode$/,
    ],
    [
      ["attach", path, "egress", "id", `${egress}`, "multi"],
      /as cgroup_inet_egress: the program is already attached there$/,
    ],
    [
      ["attach", path, "egress", "id", `${egress}`, "multi", "override"],
      /^Error: multi and override exclude each other: with multi, programs of descendant cgroups run as well; with override, they run instead$/,
    ],
    [
      ["attach", `${path}/below`, "sock_create", "id", `${socket}`],
      /as cgroup_inet_sock_create: program \d+ is attached with neither multi nor override to the ancestor cgroup .*, so the descendants of .* can have no programs$/,
    ],
    [
      ["attach", path, "egress", "id", `${egress}`, "nonsense"],
      /unknown option: 'nonsense'; expected 'multi', 'override', 'preorder', 'first', 'last', 'before' or 'after'$/,
    ],
    [["attach", path, "egress", "id", `${egress}`, "before"], /expected 'id', 'tag', 'name' or 'pinned', got: nothing/],
    [["attach", path, "s", "id", `${egress}`], /attach type 's' could be 'sock_create'/],
    [["attach", path, "egress"], /too few parameters for cgroup attach/],
    [
      ["detach", path, "ingress", "id", `${egress}`],
      /^Error: program egress is not attached to .* as cgroup_inet_ingress; nothing is attached there$/,
    ],
    [
      ["detach", path, "sock_create", "id", `${device}`],
      /^Error: program device is not attached to .* as cgroup_inet_sock_create; program \d+ is attached there$/,
    ],
    [["show", "/nowhere"], /^Error: can't open cgroup \/nowhere: No such file or directory$/],
    [
      ["show", "/proc"],
      /^Error: \/proc is not a cgroup: it is not in a cgroup v2 hierarchy; cgroup v2 is mounted at \S+$/,
    ],
    [["tree", "/proc/version"], /^Error: \/proc\/version is not a cgroup: it is not a directory$/],
    [["show", path, "nonsense"], /^Error: expected no more arguments, 'effective' or 'details', got: 'nonsense'\?$/],
    [["show", path, "effective", "effective"], /^Error: duplicated argument: effective$/],
  ];
  for (const [line, message] of cases) {
    const refused = bpfts("cgroup", ...line);
    assert.match(refused.stderr.trimEnd(), message);
    assert.equal(refused.code, 255);
  }

  assert.deepEqual(bpfts("cgroup", "detach", path, "egress", "id", `${egress}`), nothing);
  assert.deepEqual(bpfts("cgroup", "detach", path, "sock_create", "id", `${socket}`), nothing);
  assert.deepEqual(progQuery(fd, a.BPF_CGROUP_INET_EGRESS).prog_ids, []);
}
