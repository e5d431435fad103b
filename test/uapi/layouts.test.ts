import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { release } from "node:os";
import { test } from "node:test";
import { Btf, type BtfMember } from "../../src/btf/index.ts";
import type { Fields, Struct } from "../../src/layout/index.ts";
import * as uapi from "../../src/uapi/index.ts";

// Every struct of src/uapi against the running kernel's own BTF: each field's offset and size.

const btf = Btf.parse(readFileSync("/sys/kernel/btf/vmlinux"), { source: "vmlinux" });
const [major = 0, minor = 0] = release().split(".").map(Number);

interface Expected {
  readonly layout: Struct<Fields>;
  /** The kernel's type, and the way to the member in which the fields lie. */
  readonly path: string;
  /** Our field's name to the kernel's. */
  readonly alias?: Readonly<Record<string, string>>;
  /** The kernel's struct has exactly this size. */
  readonly exact?: boolean;
}

function any(layout: unknown): Struct<Fields> {
  return layout as Struct<Fields>;
}

const attr = (layout: unknown, member = ""): Expected => ({ layout: any(layout), path: `bpf_attr${member}` });
const arm = (layout: unknown, member: string): Expected => ({
  layout: any(layout),
  path: `bpf_attr.link_create${member}`,
});
const info = (layout: unknown, member: string): Expected => ({ layout: any(layout), path: `bpf_link_info.${member}` });
/** A table of layouts, each by the name of its row. */
function rows(
  table: string,
  layouts: Readonly<Record<string, unknown>>,
  row: (layout: unknown, name: string) => Expected,
) {
  return Object.fromEntries(Object.entries(layouts).map(([name, layout]) => [`${table}.${name}`, row(layout, name)]));
}
const whole = (layout: unknown, path: string): Expected => ({ layout: any(layout), path, exact: true });

const EXPECTED: Readonly<Record<string, Expected>> = {
  BpfMapCreateAttr: attr(uapi.BpfMapCreateAttr),
  BpfMapElemAttr: attr(uapi.BpfMapElemAttr),
  BpfMapBatchAttr: attr(uapi.BpfMapBatchAttr, ".batch"),
  BpfProgLoadAttr: attr(uapi.BpfProgLoadAttr),
  BpfObjAttr: attr(uapi.BpfObjAttr),
  BpfProgAttachAttr: attr(uapi.BpfProgAttachAttr),
  BpfTestRunAttr: attr(uapi.BpfTestRunAttr, ".test"),
  BpfGetIdAttr: attr(uapi.BpfGetIdAttr),
  BpfObjGetInfoAttr: attr(uapi.BpfObjGetInfoAttr, ".info"),
  BpfProgQueryAttr: attr(uapi.BpfProgQueryAttr, ".query"),
  BpfRawTracepointAttr: attr(uapi.BpfRawTracepointAttr, ".raw_tracepoint"),
  BpfBtfLoadAttr: attr(uapi.BpfBtfLoadAttr),
  BpfTaskFdQueryAttr: attr(uapi.BpfTaskFdQueryAttr, ".task_fd_query"),
  BpfLinkUpdateAttr: attr(uapi.BpfLinkUpdateAttr, ".link_update"),
  BpfLinkDetachAttr: attr(uapi.BpfLinkDetachAttr, ".link_detach"),
  BpfEnableStatsAttr: attr(uapi.BpfEnableStatsAttr, ".enable_stats"),
  BpfIterCreateAttr: attr(uapi.BpfIterCreateAttr, ".iter_create"),
  BpfProgBindMapAttr: attr(uapi.BpfProgBindMapAttr, ".prog_bind_map"),
  BpfTokenCreateAttr: attr(uapi.BpfTokenCreateAttr, ".token_create"),
  BpfProgStreamReadAttr: attr(uapi.BpfProgStreamReadAttr, ".prog_stream_read"),
  BpfProgAssocStructOpsAttr: attr(uapi.BpfProgAssocStructOpsAttr, ".prog_assoc_struct_ops"),
  BpfLinkCreateAttr: arm(uapi.BpfLinkCreateAttr, ""),
  BpfProgInfo: whole(uapi.BpfProgInfo, "bpf_prog_info"),
  BpfMapInfo: whole(uapi.BpfMapInfo, "bpf_map_info"),
  BpfBtfInfo: whole(uapi.BpfBtfInfo, "bpf_btf_info"),
  BpfTokenInfo: whole(uapi.BpfTokenInfo, "bpf_token_info"),
  BpfFuncInfo: whole(uapi.BpfFuncInfo, "bpf_func_info"),
  BpfLineInfo: whole(uapi.BpfLineInfo, "bpf_line_info"),
  BpfCoreRelo: whole(uapi.BpfCoreRelo, "bpf_core_relo"),
  BpfDevmapVal: whole(uapi.BpfDevmapVal, "bpf_devmap_val"),
  BpfCpumapVal: whole(uapi.BpfCpumapVal, "bpf_cpumap_val"),
  BpfStackBuildId: whole(uapi.BpfStackBuildId, "bpf_stack_build_id"),
  BpfInsnArrayValue: whole(uapi.BpfInsnArrayValue, "bpf_insn_array_value"),
  BpfLinkInfo: { layout: any(uapi.BpfLinkInfo), path: "bpf_link_info" },
  Nlmsghdr: whole(uapi.Nlmsghdr, "nlmsghdr"),
  Tcmsg: whole(uapi.Tcmsg, "tcmsg"),
  Ifaddrmsg: whole(uapi.Ifaddrmsg, "ifaddrmsg"),
  Ifinfomsg: whole(uapi.Ifinfomsg, "ifinfomsg"),
  PerfEventAttr: {
    layout: any(uapi.PerfEventAttr),
    path: "perf_event_attr",
    alias: { bits: "disabled" },
  },
  ...rows("LINK_INFO", uapi.LINK_INFO, info),
  ...rows("ITER_INFO", uapi.ITER_INFO, (layout) => ({ ...info(layout, "iter"), alias: { map_id: "map" } })),
  ...rows("PERF_EVENT_INFO", uapi.PERF_EVENT_INFO, (layout, name) => ({
    ...info(layout, `perf_event.${name.replace("ret", "")}`),
    alias: { event_type: "type" },
  })),
  ...rows("LINK_CREATE", uapi.LINK_CREATE, (layout, name) =>
    arm(layout, name === "iter_info" || name === "target_btf_id" ? "@16" : `.${name}`),
  ),
  ...rows("ITER_LINK_INFO", uapi.ITER_LINK_INFO, (layout, name) => ({
    layout: any(layout),
    path: `bpf_iter_link_info.${name}`,
  })),
};

/**
 * Structs and fields that 6.18 does not have, with a version that has them (maybe not the first one).
 * On 6.18 an entry that is not needed any more is an error.
 */
const NEWER: Readonly<Record<string, string>> = {
  BpfProgAssocStructOpsAttr: "7.2",
  "LINK_CREATE.uprobe_multi.path_fd": "7.3",
  "LINK_CREATE.tracing_multi": "7.3",
  "LINK_INFO.tracing_multi": "7.3",
  BpfInsnArrayValue: "7.2",
};

interface Place {
  readonly type: number;
  /** Bits from the start of the outermost struct. */
  readonly bits: number;
  readonly bitSize: number;
}

/** A member by name, also inside anonymous structs and unions. */
function member(type: number, name: string, bits = 0): Place | undefined {
  const decoded = btf.type(btf.resolve(type));
  if (!("members" in decoded)) return undefined;
  for (const field of decoded.members as readonly BtfMember[]) {
    const at = bits + field.bitOffset;
    if (field.name === name) return { type: field.type, bits: at, bitSize: field.bitSize };
    if (field.name === "") {
      const inner = member(field.type, name, at);
      if (inner !== undefined) return inner;
    }
  }
  return undefined;
}

/** The place of `a.b.c`, where `@16` at the end means: fields count from byte 16 on. */
function resolvePath(path: string): { type: number; bits: number; base: number } | undefined {
  const [names = "", base = "0"] = path.split("@");
  const [root = "", ...rest] = names.split(".");
  let type = btf.findAll(root)[0];
  if (type === undefined) return undefined;
  let bits = 0;
  for (const name of rest) {
    const place = member(type, name);
    if (place === undefined) return undefined;
    type = place.type;
    bits += place.bits;
  }
  return { type, bits, base: Number(base) };
}

function sizeOf(place: Place): number {
  return place.bitSize > 0 ? -1 : btf.sizeOf(place.type);
}

/** What is wrong with a layout; a line per field. */
function differences(name: string, { layout, path, alias = {}, exact }: Expected): string[] {
  const root = resolvePath(path);
  if (root === undefined) return [`${name}: the kernel has no ${path}`];
  const problems: string[] = [];
  for (const field of Object.keys(layout.fields)) {
    const wanted = alias[field] ?? field;
    const place = member(root.type, wanted);
    const offset = layout.offsets[field] as number;
    const size = layout.fields[field]?.size;
    if (place === undefined) {
      problems.push(`${name}.${field}: the kernel has no such field`);
    } else if (Math.floor(place.bits / 8) - root.base !== offset) {
      problems.push(`${name}.${field}: at ${offset}, the kernel's at ${place.bits / 8 - root.base}`);
    } else if (sizeOf(place) >= 0 && sizeOf(place) !== size) {
      problems.push(`${name}.${field}: ${size} bytes, the kernel's ${sizeOf(place)}`);
    }
    const nested = layout.fields[field] as Partial<Struct<Fields>>;
    if (place !== undefined && nested.offsets !== undefined && nested.fields !== undefined) {
      for (const inner of Object.keys(nested.fields)) {
        const innerPlace = member(place.type, inner);
        if (innerPlace?.bits !== (nested.offsets[inner] as number) * 8) {
          problems.push(`${name}.${field}.${inner}: at ${nested.offsets[inner]}, the kernel's at ${innerPlace?.bits}`);
        } else if (sizeOf(innerPlace) !== nested.fields[inner]?.size) {
          problems.push(`${name}.${field}.${inner}: of another size in the kernel`);
        }
      }
    }
  }
  if (exact === true && btf.sizeOf(root.type) !== layout.size) {
    problems.push(`${name}: ${layout.size} bytes, the kernel's ${btf.sizeOf(root.type)}`);
  }
  return problems;
}

test("every layout of src/uapi is compared", () => {
  const isLayout = (value: unknown): boolean => typeof value === "object" && value !== null && "offsets" in value;
  const names = Object.entries(uapi).flatMap(([name, value]) => {
    if (isLayout(value)) return [name];
    if (typeof value !== "object") return [];
    return Object.entries(value).flatMap(([row, one]) => (isLayout(one) ? [`${name}.${row}`] : []));
  });
  assert.ok(names.includes("LINK_INFO.xdp") && names.includes("BpfMapInfo"));
  assert.deepEqual(
    names.filter((name) => EXPECTED[name] === undefined),
    [],
  );
});

test("what a perf event's info goes on with begins where the kernel has it", () => {
  const perfEvent = resolvePath("bpf_link_info.perf_event");
  if (perfEvent === undefined || member(perfEvent.type, "uprobe") === undefined) return;
  for (const name of ["uprobe", "kprobe", "tracepoint", "event"]) {
    assert.equal(member(perfEvent.type, name)?.bits, uapi.PERF_EVENT_INFO_AT * 8, name);
  }
});

test("layouts equal the running kernel's", (t) => {
  // An older kernel lacks more than the list names; a newer one must know everything.
  if (!atLeast("6.18")) return t.skip(`the layouts are those of 6.18; this is ${release()}`);
  const problems = Object.entries(EXPECTED).flatMap(([name, expected]) => differences(name, expected));
  const excused = new Set<string>();
  const rest = problems.filter((problem) => {
    const place = problem.split(":")[0] as string;
    const key = NEWER[place] === undefined ? place.slice(0, Math.max(place.lastIndexOf("."), 0)) || place : place;
    const since = NEWER[key];
    if (since === undefined || atLeast(since)) return true;
    excused.add(key);
    return false;
  });
  assert.deepEqual(rest, []);
  if (atLeast("6.19")) return;
  const needless = Object.keys(NEWER).filter((key) => !excused.has(key));
  assert.deepEqual(needless, [], "this kernel has them: they are no exceptions any more");
});

function atLeast(version: string): boolean {
  const [wantedMajor = 0, wantedMinor = 0] = version.split(".").map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

test("the enums equal the running kernel's", (t) => {
  if (!atLeast("6.18")) return t.skip(`the numbers are those of 6.18; this is ${release()}`);
  const enums: Readonly<Record<string, Readonly<Record<string, number>>>> = {
    bpf_cmd: uapi.BpfCmd,
    bpf_map_type: uapi.BpfMapType,
    bpf_prog_type: uapi.BpfProgType,
    bpf_attach_type: uapi.BpfAttachType,
    bpf_link_type: uapi.BpfLinkType,
    bpf_perf_event_type: uapi.BpfPerfEventType,
    bpf_task_fd_type: uapi.BpfTaskFdType,
    bpf_cgroup_iter_order: uapi.BpfCgroupIterOrder,
    xdp_action: uapi.XdpAction,
    tcx_action_base: uapi.TcxAction,
    sk_action: uapi.SkAction,
  };
  for (const [name, ours] of Object.entries(enums)) {
    const id = btf.findAll(name)[0];
    assert.notEqual(id, undefined, name);
    const type = btf.type(id as number) as unknown as { values: readonly { name: string; value: number | bigint }[] };
    for (const { name: label, value } of type.values) {
      if (label.startsWith("__MAX")) continue;
      assert.equal(ours[label], Number(value), `${name}: ${label}`);
    }
  }
});

test("helper functions are numbered as the kernel numbers them", () => {
  const id = btf.findAll("bpf_func_id")[0] as number;
  const type = btf.type(id) as unknown as { values: readonly { name: string; value: number | bigint }[] };
  for (const { name, value } of type.values) {
    if (name.startsWith("__BPF_FUNC_MAX")) continue;
    assert.equal(uapi.helperName(Number(value)), `bpf_${name.slice("BPF_FUNC_".length)}`);
    assert.equal(uapi.helperByName(`bpf_${name.slice("BPF_FUNC_".length)}`), Number(value));
  }
});
