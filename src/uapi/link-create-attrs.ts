import { type Layout, layout } from "./layout.ts";

// BPF_LINK_CREATE (`link_create`): four common fields, then a union with one arm per kind of link.

const linkCreateFields = { prog_fd: "u32", target_fd: "u32", attach_type: "u32", flags: "u32" } as const;
/** What every LINK_CREATE has. `prog_fd` is also `map_fd`, `target_fd` also `target_ifindex`. */
export const BpfLinkCreateAttr: Layout<typeof linkCreateFields> = layout(linkCreateFields);
/** Where the union of kinds starts: the structs below are at this byte of `link_create`. */
export const BPF_LINK_CREATE_ARM = 16;

const linkCreateTargetFields = { target_btf_id: "u32" } as const;
/** With the target's BTF type, for freplace programs. */
export const BpfLinkCreateTarget: Layout<typeof linkCreateTargetFields> = layout(linkCreateTargetFields);
const linkCreateIterFields = { iter_info: "usize", iter_info_len: "u32" } as const;
/** Iterators; `iter_info` points to one of the `BpfIterLinkInfo…` structs. */
export const BpfLinkCreateIter: Layout<typeof linkCreateIterFields> = layout(linkCreateIterFields);
const linkCreatePerfEventFields = { bpf_cookie: "u64" } as const;
/** Perf events, so also kprobes, uprobes and tracepoints. */
export const BpfLinkCreatePerfEvent: Layout<typeof linkCreatePerfEventFields> = layout(linkCreatePerfEventFields);
const linkCreateKprobeMultiFields = {
  flags: "u32",
  cnt: "u32",
  syms: "usize",
  addrs: "usize",
  cookies: "usize",
} as const;
/** kprobe_multi and kprobe_session. */
export const BpfLinkCreateKprobeMulti: Layout<typeof linkCreateKprobeMultiFields> = layout(linkCreateKprobeMultiFields);
const linkCreateUprobeMultiFields = {
  path: "usize",
  offsets: "usize",
  ref_ctr_offsets: "usize",
  cookies: "usize",
  cnt: "u32",
  flags: "u32",
  pid: "u32",
  path_fd: "u32",
} as const;
/** uprobe_multi and uprobe_session. */
export const BpfLinkCreateUprobeMulti: Layout<typeof linkCreateUprobeMultiFields> = layout(linkCreateUprobeMultiFields);
const linkCreateTracingFields = { target_btf_id: "u32", cookie: "u64" } as const;
/** fentry, fexit, fmod_ret, LSM, raw_tp with BTF. */
export const BpfLinkCreateTracing: Layout<typeof linkCreateTracingFields> = layout(linkCreateTracingFields);
const linkCreateNetfilterFields = { pf: "u32", hooknum: "u32", priority: "i32", flags: "u32" } as const;
/** Netfilter hooks. */
export const BpfLinkCreateNetfilter: Layout<typeof linkCreateNetfilterFields> = layout(linkCreateNetfilterFields);
const linkCreateTcxFields = { relative_fd: "u32", expected_revision: "u64" } as const;
/** tcx. `relative_fd` is also `relative_id`. */
export const BpfLinkCreateTcx: Layout<typeof linkCreateTcxFields> = layout(linkCreateTcxFields);
const linkCreateNetkitFields = { relative_fd: "u32", expected_revision: "u64" } as const;
/** netkit. */
export const BpfLinkCreateNetkit: Layout<typeof linkCreateNetkitFields> = layout(linkCreateNetkitFields);
const linkCreateCgroupFields = { relative_fd: "u32", expected_revision: "u64" } as const;
/** cgroup, with an order (6.17). */
export const BpfLinkCreateCgroup: Layout<typeof linkCreateCgroupFields> = layout(linkCreateCgroupFields);
const linkCreateTracingMultiFields = { ids: "usize", cookies: "usize", cnt: "u32" } as const;
/** fentry_multi, fexit_multi, fsession_multi (newer than 6.18). */
export const BpfLinkCreateTracingMulti: Layout<typeof linkCreateTracingMultiFields> =
  layout(linkCreateTracingMultiFields);

const iterLinkInfoMapFields = { map_fd: "u32" } as const;
/** `bpf_iter_link_info.map`. */
export const BpfIterLinkInfoMap: Layout<typeof iterLinkInfoMapFields> = layout(iterLinkInfoMapFields);
const iterLinkInfoCgroupFields = { order: "u32", cgroup_fd: "u32", cgroup_id: "u64" } as const;
/** `bpf_iter_link_info.cgroup`. */
export const BpfIterLinkInfoCgroup: Layout<typeof iterLinkInfoCgroupFields> = layout(iterLinkInfoCgroupFields);
const iterLinkInfoTaskFields = { tid: "u32", pid: "u32", pid_fd: "u32" } as const;
/** `bpf_iter_link_info.task`. */
export const BpfIterLinkInfoTask: Layout<typeof iterLinkInfoTaskFields> = layout(iterLinkInfoTaskFields);
