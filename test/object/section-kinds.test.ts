import assert from "node:assert/strict";
import { test } from "node:test";
import {
  loadFlagsOf,
  parseSectionName,
  SECTION_KINDS,
  SectionTrait,
  sectionKind,
  sectionKindOfType,
} from "../../src/object/index.ts";
import { attachTypeName, BpfProgFlag, progTypeName } from "../../src/uapi/index.ts";

const names: readonly [section: string, type: string | undefined, attachType: string | undefined, attachTo: string][] =
  [
    ["socket", "socket_filter", undefined, ""],
    ["socket/x", undefined, undefined, ""],
    ["xdp", "xdp", "xdp", ""],
    ["xdp/eth0", undefined, undefined, ""],
    ["xdp_drop", undefined, undefined, ""],
    ["xdp/devmap", "xdp", "xdp_devmap", ""],
    ["xdp.frags/cpumap", "xdp", "xdp_cpumap", ""],
    ["kprobe", "kprobe", undefined, ""],
    ["kprobe/", "kprobe", undefined, ""],
    ["kprobe/do_unlinkat", "kprobe", undefined, "do_unlinkat"],
    ["kprobes", undefined, undefined, ""],
    ["kprobe.multi/tcp_*", "kprobe", "trace_kprobe_multi", "tcp_*"],
    ["uprobe.multi.s//bin/sh:read*", "kprobe", "trace_uprobe_multi", "/bin/sh:read*"],
    ["uprobe//usr/lib/libc.so.6:malloc", "kprobe", undefined, "/usr/lib/libc.so.6:malloc"],
    ["usdt.s/./a.out:p:n", "kprobe", undefined, "./a.out:p:n"],
    ["tp/sched/sched_switch", "tracepoint", undefined, "sched/sched_switch"],
    ["tracepoint/sched/sched_switch", "tracepoint", undefined, "sched/sched_switch"],
    ["raw_tp.w/x", "raw_tracepoint_writable", undefined, "x"],
    ["tp_btf/sched_switch", "tracing", "trace_raw_tp", "sched_switch"],
    ["fsession.multi.s/tcp_*", "tracing", "trace_fsession_multi", "tcp_*"],
    ["lsm_cgroup/file_open", "lsm", "lsm_cgroup", "file_open"],
    ["iter.s/task", "tracing", "trace_iter", "task"],
    ["tc", "sched_cls", undefined, ""],
    ["tc/ingress", "sched_cls", "tcx_ingress", ""],
    ["tc/other", undefined, undefined, ""],
    ["classifier", "sched_cls", undefined, ""],
    ["action", "sched_act", undefined, ""],
    ["netkit/peer", "sched_cls", "netkit_peer", ""],
    ["sk_skb", "sk_skb", undefined, ""],
    ["sk_skb/verdict", "sk_skb", "sk_skb_verdict", ""],
    ["sk_reuseport/migrate", "sk_reuseport", "sk_reuseport_select_or_migrate", ""],
    ["cgroup_skb/ingress", "cgroup_skb", "cgroup_inet_ingress", ""],
    ["cgroup/skb", "cgroup_skb", undefined, ""],
    ["cgroup/connect_unix", "cgroup_sock_addr", "cgroup_unix_connect", ""],
    ["struct_ops.s/init", "struct_ops", undefined, "init"],
    ["freplace/f", "ext", undefined, "f"],
    ["syscall", "syscall", undefined, ""],
    ["netfilter", "netfilter", "netfilter", ""],
    ["unknown", undefined, undefined, ""],
    ["", undefined, undefined, ""],
  ];
for (const [section, type, attachType, attachTo] of names) {
  test(`section ${section}`, () => {
    for (const [prefix, autoload] of [
      ["", true],
      ["?", false],
    ] as const) {
      const found = parseSectionName(prefix + section);
      assert.equal(found.kind && progTypeName(found.kind.type), type);
      assert.equal(
        found.kind?.attachType === undefined ? undefined : attachTypeName(found.kind.attachType),
        attachType,
      );
      assert.equal(found.attachTo, attachTo);
      assert.equal(found.autoload, autoload);
    }
  });
}

test("looking names up finds what a search through the table would", () => {
  const search = (name: string) =>
    SECTION_KINDS.find((kind) => name === kind.name || (kind.extensible && name.startsWith(`${kind.name}/`)));
  for (const { name } of SECTION_KINDS) {
    for (const each of [name, `${name}/`, `${name}/x/y`, `${name}x`, name.slice(0, -1), `${name}.s/x`]) {
      assert.equal(sectionKind(each), search(each), each);
    }
  }
  assert.equal(SECTION_KINDS.length, 116);
});

test("flags at load, and what the traits say", () => {
  const flags = (name: string) => loadFlagsOf(sectionKind(name) ?? assert.fail(name));
  assert.equal(flags("xdp"), 0);
  assert.equal(flags("xdp.frags"), BpfProgFlag.BPF_F_XDP_HAS_FRAGS);
  assert.equal(flags("lsm.s/x"), BpfProgFlag.BPF_F_SLEEPABLE);
  assert.equal(flags("syscall"), BpfProgFlag.BPF_F_SLEEPABLE);
  assert.equal(sectionKind("fentry/x")?.traits, SectionTrait.ATTACH_BTF);
  assert.equal(sectionKind("usdt.s")?.traits, SectionTrait.USDT | SectionTrait.SLEEPABLE);
  assert.equal(sectionKind("cgroup/dev")?.traits, SectionTrait.ATTACHABLE | SectionTrait.ATTACH_TYPE_OPTIONAL);
  assert.equal(sectionKind("cgroup/bind4")?.traits, SectionTrait.ATTACHABLE);
});

test("type names as bpftool takes them: a section name, never with a ?", () => {
  assert.equal(sectionKindOfType("kprobe")?.name, "kprobe");
  assert.equal(sectionKindOfType("cgroup/skb")?.name, "cgroup/skb");
  assert.equal(sectionKindOfType("raw_tracepoint")?.name, "raw_tracepoint");
  assert.equal(sectionKindOfType("?xdp"), undefined);
  assert.equal(sectionKindOfType("sched_cls"), undefined);
});
