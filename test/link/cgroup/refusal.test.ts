import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { BpfError } from "../../../src/errors/index.ts";
import {
  attachCgroup,
  attachProgram,
  cgroupPrograms,
  detachProgram,
  queryCgroup,
  walkCgroups,
} from "../../../src/link/index.ts";
import { cgroup2Mount, mount, mounts, UmountFlag, unmount } from "../../../src/sys/index.ts";
import { BpfAttachType } from "../../../src/uapi/index.ts";
import { withCgroup, withCgroupBelow } from "../../support/cgroup.ts";
import { withoutCapabilities } from "../../support/privileges.ts";
import { hookProgram } from "./programs.ts";

const a = BpfAttachType;

test("each mistake is told in one sentence with its reason, and leaves nothing behind", (t) => {
  const top = withCgroup(t);
  const below = withCgroupBelow(top, "below");
  const cgroup = top.path;
  const egress = hookProgram(t, a.BPF_CGROUP_INET_EGRESS).program;
  const other = hookProgram(t, a.BPF_CGROUP_INET_EGRESS, "other").program;
  const bind4 = hookProgram(t, a.BPF_CGROUP_INET4_BIND).program;
  attachProgram(egress, { cgroup, multi: true });
  attachProgram(other, { cgroup, attachType: "cgroup_inet_ingress" });
  const mistakes: readonly [call: () => unknown, message: RegExp][] = [
    [() => attachProgram(egress, { cgroup: "/nowhere" }), /^can't open cgroup \/nowhere: No such file or directory$/],
    [() => attachCgroup(egress, { cgroup: "/proc" }), /^\/proc is not a cgroup: it is not in a cgroup v2 hierarchy; /],
    [() => attachProgram(egress, { cgroup: `${cgroup}/cgroup.procs` }), /is not a cgroup: it is not a directory$/],
    [
      () => attachProgram(egress, { cgroup, attachType: "cgroup_device", multi: true }),
      /^program inet_egress \(cgroup_skb\) cannot be attached to \S+ as cgroup_device: this hook takes cgroup_device programs$/,
    ],
    [
      () => attachCgroup(bind4, { cgroup, attachType: "cgroup_inet4_connect" }),
      /as cgroup_inet4_connect: it was loaded for cgroup_inet4_bind, but this hook takes programs loaded for cgroup_inet4_connect$/,
    ],
    [() => attachCgroup(bind4, { cgroup, attachType: "xdp" }), /as xdp: cgroups have no hook of this attach type$/],
    [
      () => attachProgram(egress, { cgroup, multi: true }),
      /as cgroup_inet_egress: the program is already attached there$/,
    ],
    [
      () => attachProgram(other, { cgroup }),
      /: program \d+ is attached there with multi, but this program was to be attached with neither/,
    ],
    [() => attachProgram(other, { cgroup, override: true }), /all programs at a hook must have the same mode$/],
    [
      () => attachCgroup(egress, { cgroup, attachType: "cgroup_inet_ingress" }),
      /: program \d+ is attached there with neither multi nor override, but .* attached with multi; all programs at a hook must have the same mode$/,
    ],
    [
      () => attachCgroup(egress, { cgroup: below.path, attachType: "cgroup_inet_ingress" }),
      /: program \d+ is attached with neither multi nor override to the ancestor cgroup (\S+), so the descendants of \1 can have no programs$/,
    ],
    [() => attachProgram(egress, { cgroup, multi: true, override: true }), /^multi and override exclude each other/],
    [() => attachProgram(other, { cgroup, replace: egress }), /^replacing a program needs the option 'multi'$/],
    [() => attachProgram(other, { cgroup, preorder: true }), /^the option 'preorder' needs the option 'multi'$/],
    [
      () => detachProgram(bind4, { cgroup }),
      /^program inet4_bind is not attached to \S+ as cgroup_inet4_bind; nothing is attached there$/,
    ],
    [() => detachProgram(other, { cgroup }), /^program other is not attached to .*; program \d+ is attached there$/],
    [
      () => detachProgram(egress, { cgroup, attachType: "cgroup_inet_ingress" }),
      /is not attached .*; program \d+ is attached there/,
    ],
    [() => queryCgroup(cgroup, "xdp"), /^"xdp" is not a cgroup attach type/],
    [() => cgroupPrograms("/proc"), /^\/proc is not a cgroup/],
    [() => [...walkCgroups("/nowhere")], /^can't open cgroup \/nowhere: No such file or directory$/],
  ];
  const fds = (): number => readdirSync("/proc/self/fd").length;
  const before = fds();
  for (const [call, message] of mistakes) {
    assert.throws(call, (error) => {
      assert.ok(error instanceof BpfError);
      assert.match(error.message, message);
      return true;
    });
  }
  assert.equal(fds(), before);
  assert.deepEqual(queryCgroup(cgroup, "cgroup_inet_egress").programIds, [egress.id]);
  assert.deepEqual(queryCgroup(cgroup, "cgroup_inet_ingress").programIds, [other.id]);
});

test("a cgroup of version 1 is told apart", (t) => {
  let path = mounts().find(({ type }) => type === "cgroup")?.path;
  if (path === undefined) {
    const made = mkdtempSync(join(tmpdir(), "bpfts-cgroup1-"));
    mount({ source: "cgroup", target: made, type: "cgroup", data: "none,name=bpfts-test" });
    t.after(() => {
      unmount(made, UmountFlag.MNT_DETACH);
      rmdirSync(made);
    });
    path = made;
  }
  const where = cgroup2Mount();
  assert.throws(() => cgroupPrograms(path), {
    message: `${path} is a cgroup of version 1, to which no BPF programs can be attached; cgroup v2 is mounted at ${where}`,
  });
});

test("without the rights the missing capability is named", (t) => {
  const { path } = withCgroup(t);
  const script = `
    import { cgroupPrograms } from "bpfts";
    try { cgroupPrograms(${JSON.stringify(path)}); } catch (error) { console.log(error.message); }`;
  const [command, ...args] = withoutCapabilities("-all");
  const words = [...args, process.execPath, "--input-type=module", "-e", script];
  const { stdout } = spawnSync(command, words, { encoding: "utf8" });
  assert.match(
    stdout,
    /^can't query bpf programs attached to \S+: bpf\(BPF_PROG_QUERY\): Operation not permitted \(EPERM\); CAP_NET_ADMIN is missing/,
  );
});
