// `link show` of ours against bpftool's, byte for byte: one link of every kind that this kernel has, in one listing. Each
// conformance test of test/link compares its link with bpftool's, too (test/link/peer.ts).
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Btf, BtfKind } from "../../src/btf/index.ts";
import type { FeatureName } from "../../src/kernel/features/table.ts";
import {
  attachFreplace,
  attachKprobe,
  attachKprobeMulti,
  attachKretprobe,
  attachLsm,
  attachRawTracepoint,
  attachStructOps,
  attachTracepoint,
  attachTracing,
  attachUprobe,
  attachUprobeMulti,
  attachUretprobe,
  type Link,
} from "../../src/link/index.ts";
import { loadObject } from "../../src/load/index.ts";
import type { Program } from "../../src/program/index.ts";
import {
  closeFd,
  type LinkCreateOptions,
  linkCreate,
  linkHead,
  mapCreate,
  objPin,
  type ProgLoadOptions,
  perfEventOpen,
  progLoad,
} from "../../src/sys/index.ts";
import { BpfAttachType, BpfMapType, BpfProgType } from "../../src/uapi/index.ts";
import { bpfts, withoutPids } from "../cli/run.ts";
import { traced } from "../link/tracing-object.ts";
import { withBpffs } from "../support/bpffs.ts";
import { withCgroup } from "../support/cgroup.ts";
import { owned } from "../support/cleanup.ts";
import { lacking } from "../support/feature.ts";
import { removePeer, withNetns, withVeth } from "../support/netns.ts";
import { returning } from "../support/programs.ts";
import { peer } from "./peer.ts";

const a = BpfAttachType;
const p = BpfProgType;

interface Kind {
  readonly needs?: readonly FeatureName[];
  /** Makes a link and returns its fd. */
  make(t: TestContext): number;
}

function program(t: TestContext, prog_type: number, returns = 0, options: Partial<ProgLoadOptions> = {}): number {
  return owned(t, progLoad({ prog_type, insns: returning(returns), prog_name: "link_kind", ...options }));
}

function created(t: TestContext, prog: number, target: number, type: number, options?: LinkCreateOptions): number {
  return owned(t, linkCreate(prog, target, type as BpfAttachType, options));
}

/** A kind that the library attaches from a program of test/bpf/links-tracing. */
function attached(name: string, needs: readonly FeatureName[], attach: (program: Program) => Link): Kind {
  return {
    needs,
    make(t) {
      const link = attach(traced(t, name).program);
      t.after(() => link.close());
      return link.fd;
    },
  };
}

function perfEvent(t: TestContext, type: number, config: number, bpf_cookie: bigint): number {
  const event = owned(t, perfEventOpen({ type, config, sample_period: 1_000_000 }));
  return created(t, program(t, p.BPF_PROG_TYPE_PERF_EVENT), event, a.BPF_PERF_EVENT, { perf_event: { bpf_cookie } });
}

function iterator(t: TestContext, target: string, options?: LinkCreateOptions): number {
  const kernel = Btf.parse(readFileSync("/sys/kernel/btf/vmlinux"), { source: "vmlinux" });
  const attach_btf_id = kernel.find(`bpf_iter_${target}`, BtfKind.FUNC);
  assert.ok(attach_btf_id !== undefined, `this kernel has no iterator ${target}`);
  const prog = program(t, p.BPF_PROG_TYPE_TRACING, 0, { expected_attach_type: a.BPF_TRACE_ITER, attach_btf_id });
  return created(t, prog, 0, a.BPF_TRACE_ITER, options);
}

/** A uprobe's file that no other test has a hand in. */
function executable(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "bpfts-links-"));
  t.after(() => rmSync(directory, { recursive: true }));
  copyFileSync(process.execPath, join(directory, "true"));
  return join(directory, "true");
}

const KINDS: Readonly<Record<string, Kind>> = {
  fentry: attached("on_fentry", ["attach:fentry"], (one) => attachTracing(one)),
  "fentry with a cookie": attached("on_fentry", ["cookie:tracing"], (one) => attachTracing(one, { cookie: 1n << 63n })),
  fexit: attached("on_fexit", ["attach:fentry"], (one) => attachTracing(one)),
  fmod_ret: attached("on_fmod_ret", ["attach:fmod_ret_test"], (one) => attachTracing(one)),
  fsession: attached("on_fsession", ["attach:fsession"], (one) => attachTracing(one)),
  lsm: attached("on_lsm", ["attach:lsm"], (one) => attachLsm(one)),
  tp_btf: attached("on_tp_btf", [], (one) => attachTracing(one)),
  raw_tp: attached("on_raw_tp", [], (one) => attachRawTracepoint(one)),
  "raw_tp with a cookie": attached("on_raw_tp", ["cookie:raw_tracepoint"], (one) =>
    attachRawTracepoint(one, { cookie: 0xfedcba9876543210n }),
  ),
  freplace: {
    needs: ["attach:freplace"],
    make(t) {
      const target = loadObject("test/bpf/freplace-target.bpf.o");
      t.after(() => target.close());
      const { program } = traced(t, "on_freplace", {
        targets: { on_freplace: target.programs.entry as Program },
      });
      const link = attachFreplace(program);
      t.after(() => link.close());
      return link.fd;
    },
  },
  kprobe: attached("on_kprobe", ["link:perf_event", "attach:kprobe"], (one) =>
    attachKprobe(one, { symbol: "do_nanosleep", cookie: 3n }),
  ),
  "kprobe at an offset": attached("on_kprobe", ["link:perf_event", "attach:kprobe"], (one) =>
    attachKprobe(one, { symbol: "do_nanosleep", offset: 5 }),
  ),
  kretprobe: attached("on_kretprobe", ["link:perf_event", "attach:kprobe"], (one) =>
    attachKretprobe(one, { symbol: "do_nanosleep" }),
  ),
  kprobe_multi: attached("on_kprobe_multi", ["link:kprobe_multi"], (one) =>
    attachKprobeMulti(one, { symbols: ["do_nanosleep", "__x64_sys_getpriority"], cookies: [8, 9] }),
  ),
  "kprobe session": attached("on_kprobe_session", ["link:kprobe_session"], (one) =>
    attachKprobeMulti(one, { symbols: ["do_nanosleep"] }),
  ),
  uprobe: attached("on_uprobe", ["link:perf_event"], (one) => attachUprobe(one, { cookie: 4n })),
  uretprobe: attached("on_uretprobe", ["link:perf_event"], (one) => attachUretprobe(one)),
  uprobe_multi: attached("on_uprobe_multi", ["link:uprobe_multi"], (one) =>
    attachUprobeMulti(one, { binary: "libc.so.6", symbols: ["getpriority", "getppid"], cookies: [5, 6n] }),
  ),
  "uprobe_multi of one process": {
    needs: ["link:uprobe_multi"],
    make(t) {
      const prog = program(t, p.BPF_PROG_TYPE_KPROBE, 0, { expected_attach_type: a.BPF_TRACE_UPROBE_MULTI });
      const uprobe_multi = { path: executable(t), offsets: [0x1000], pid: process.pid, flags: 1 };
      return created(t, prog, 0, a.BPF_TRACE_UPROBE_MULTI, { uprobe_multi });
    },
  },
  tracepoint: attached("on_tracepoint", ["link:perf_event"], (one) => attachTracepoint(one, { cookie: 5n })),
  "software event": { needs: ["link:perf_event"], make: (t) => perfEvent(t, 1, 9, 7n) },
  "CPU clock": { needs: ["link:perf_event"], make: (t) => perfEvent(t, 1, 0, 0n) },
  "hardware event": { needs: ["link:perf_event", "attach:hardware_counters"], make: (t) => perfEvent(t, 0, 1, 0n) },
  cgroup: {
    make(t) {
      const type = a.BPF_CGROUP_INET_EGRESS;
      const prog = program(t, p.BPF_PROG_TYPE_CGROUP_SKB, 1, { expected_attach_type: type });
      return created(t, prog, withCgroup(t).fd, type);
    },
  },
  xdp: { make: (t) => created(t, program(t, p.BPF_PROG_TYPE_XDP, 2), withVeth(t).ifindex, a.BPF_XDP) },
  "xdp whose device is gone": {
    make(t) {
      const veth = withVeth(t);
      const link = created(t, program(t, p.BPF_PROG_TYPE_XDP, 2), veth.ifindex, a.BPF_XDP);
      removePeer(veth);
      return link;
    },
  },
  tcx: {
    needs: ["link:tcx"],
    make: (t) => created(t, program(t, p.BPF_PROG_TYPE_SCHED_CLS), withVeth(t).ifindex, a.BPF_TCX_EGRESS),
  },
  netns: {
    make(t) {
      const fd = openSync(withNetns(t).path, "r");
      t.after(() => closeFd(fd));
      return created(t, program(t, p.BPF_PROG_TYPE_FLOW_DISSECTOR), fd, a.BPF_FLOW_DISSECTOR);
    },
  },
  netfilter: {
    needs: ["link:netfilter"],
    make(t) {
      const prog = program(t, p.BPF_PROG_TYPE_NETFILTER, 1, { expected_attach_type: a.BPF_NETFILTER });
      return created(t, prog, 0, a.BPF_NETFILTER, { netfilter: { pf: 2, hooknum: 3, priority: -12346 } });
    },
  },
  "netfilter with defragmentation": {
    needs: ["link:netfilter"],
    make(t) {
      const prog = program(t, p.BPF_PROG_TYPE_NETFILTER, 1, { expected_attach_type: a.BPF_NETFILTER });
      return created(t, prog, 0, a.BPF_NETFILTER, { netfilter: { pf: 2, hooknum: 0, priority: 12346, flags: 1 } });
    },
  },
  sockmap: {
    needs: ["link:sockmap"],
    make(t) {
      const map_type = BpfMapType.BPF_MAP_TYPE_SOCKMAP;
      const map = owned(t, mapCreate({ map_type, key_size: 4, value_size: 4, max_entries: 1 }));
      const prog = program(t, p.BPF_PROG_TYPE_SK_MSG, 1, { expected_attach_type: a.BPF_SK_MSG_VERDICT });
      return created(t, prog, map, a.BPF_SK_MSG_VERDICT);
    },
  },
  "iterator over tasks": { make: (t) => iterator(t, "task") },
  "iterator over one thread": {
    needs: ["iter:task_filter"],
    make: (t) => iterator(t, "task", { iter_info: { task: { tid: process.pid } } }),
  },
  "iterator over the files of a process": {
    needs: ["iter:task_filter"],
    make: (t) => iterator(t, "task_file", { iter_info: { task: { pid: process.pid } } }),
  },
  "iterator over a map": {
    needs: ["iter:bpf_map_elem"],
    make(t) {
      const map_type = BpfMapType.BPF_MAP_TYPE_HASH;
      const map_fd = owned(t, mapCreate({ map_type, key_size: 4, value_size: 4, max_entries: 1 }));
      return iterator(t, "bpf_map_elem", { iter_info: { map: { map_fd } } });
    },
  },
  "iterator over a cgroup": {
    needs: ["iter:cgroup"],
    make: (t) => iterator(t, "cgroup", { iter_info: { cgroup: { cgroup_fd: withCgroup(t).fd, order: 2 } } }),
  },
  struct_ops: {
    needs: ["link:struct_ops"],
    make(t) {
      const object = loadObject("test/bpf/links-struct-ops.bpf.o");
      t.after(() => object.close());
      const link = attachStructOps(object, "first");
      t.after(() => link.close());
      return link.fd;
    },
  },
};

/** Why a kind is left out here; false if it is not. */
function leftOut(name: string, kind: Kind): string | false {
  // On some kernels a mistake with struct_ops locks it until the machine is rebooted.
  if (name === "struct_ops") return lacking("machine:vm");
  return lacking(...(kind.needs ?? []));
}

test("link show of every kind of link, in one listing and one by one", { skip: lacking("tool:bpftool") }, async (t) => {
  const links = new Map<string, number>();
  for (const [name, kind] of Object.entries(KINDS)) {
    const reason = leftOut(name, kind);
    if (reason === false) links.set(name, linkHead(kind.make(t)).id);
    else await t.test(name, { skip: reason }, () => {});
  }
  const styles = [[], ["-j"], ["-p"]] as const;
  for (const style of styles) {
    const ours = entries(bpfts(...style, "link", "show").stdout, style[0]);
    const theirs = entries(peer(...style, "link", "show").output, style[0]);
    for (const [name, id] of links) {
      const entry = ours.get(id);
      await t.test(`${name} ${style.join()}`, () => {
        assert.ok(entry !== undefined && theirs.has(id), "both list it");
        const known = name.startsWith("kprobe_multi") || name === "kprobe session" ? withoutFunctions : String;
        assert.equal(known(entry), known(theirs.get(id) as string));
      });
    }
  }
});

test("link show -f of links that are pinned once, twice and not at all", { skip: lacking("tool:bpftool") }, (t) => {
  const bpffs = withBpffs(t);
  mkdirSync(`${bpffs}/deep`);
  const fds = ["raw_tp", "cgroup", "xdp"].map((name) => (KINDS[name] as Kind).make(t));
  objPin(`${bpffs}/once`, fds[0] as number);
  objPin(`${bpffs}/twice`, fds[1] as number);
  objPin(`${bpffs}/deep/twice`, fds[1] as number);
  for (const style of [["-f"], ["-f", "-j"], ["-f", "-p"]]) {
    const ours = entries(bpfts(...style, "link").stdout, style[1]);
    const theirs = entries(peer(...style, "link").output, style[1]);
    for (const fd of fds) {
      const { id } = linkHead(fd);
      assert.equal(ours.get(id), theirs.get(id));
    }
  }
});

/** The links of a listing by id, each as it is printed, without the processes that hold it. */
function entries(listing: string, style: string | undefined): Map<number, string> {
  const text = withoutPids(listing);
  const split = { "-j": /(?<=\}),(?=\{"id")/, "-p": /,(?=\{\n {8}"id")/ }[style ?? ""] ?? /\n(?=\d+: )/;
  const parts = text.replace(/^\[|\n?\]\n$/g, "").split(split);
  return new Map(parts.map((part) => [Number(/\d+/.exec(part)?.[0]), part.trimEnd()]));
}

/** bpftool loses the functions behind the first without a symbol, and all where it cannot read the kernel's config. */
function withoutFunctions(text: string): string {
  return text.replace(/\n\t[0-9a-f]{16} [^\n]*/g, "").replace(/"funcs": ?\[[^\]]*\]/, '"funcs":[]');
}
