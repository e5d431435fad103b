import { type Fields, i32, newer, type Pointer, pointer, struct, type Type, u32, u64, usize } from "../layout/index.ts";
import { constantNames } from "./constant-names.ts";

// What the kernel's headers define for link kinds: the numbers, `struct bpf_link_info` and the arms of BPF_LINK_CREATE.
// To add a kind, add one constant, one row in LINK_INFO and, if it takes options of its own, one in LINK_CREATE.

/** Numbers of the kernel's link types (`enum bpf_link_type`). A newer kernel may know more. */
export const BpfLinkType = {
  BPF_LINK_TYPE_UNSPEC: 0,
  BPF_LINK_TYPE_RAW_TRACEPOINT: 1,
  BPF_LINK_TYPE_TRACING: 2,
  BPF_LINK_TYPE_CGROUP: 3,
  BPF_LINK_TYPE_ITER: 4,
  BPF_LINK_TYPE_NETNS: 5,
  BPF_LINK_TYPE_XDP: 6,
  BPF_LINK_TYPE_PERF_EVENT: 7,
  BPF_LINK_TYPE_KPROBE_MULTI: 8,
  BPF_LINK_TYPE_STRUCT_OPS: 9,
  BPF_LINK_TYPE_NETFILTER: 10,
  BPF_LINK_TYPE_TCX: 11,
  BPF_LINK_TYPE_UPROBE_MULTI: 12,
  BPF_LINK_TYPE_NETKIT: 13,
  BPF_LINK_TYPE_SOCKMAP: 14,
  BPF_LINK_TYPE_TRACING_MULTI: 15,
} as const;
/** A link type; any number, since a newer kernel may have types that this list lacks. */
export type BpfLinkType = number;

const NAMES = constantNames(BpfLinkType, "BPF_LINK_TYPE_");
type KindName<Constant> = Constant extends `BPF_LINK_TYPE_${infer Name}` ? Lowercase<Name> : never;
/** The kinds that must have a row in {@link LINK_INFO}. */
type NamedKind = Exclude<KindName<keyof typeof BpfLinkType>, "unspec">;

/** Returns libbpf's name of a link type, such as `raw_tracepoint`; undefined for an unknown number. */
export function linkTypeName(value: number): string | undefined {
  return NAMES.name(value);
}

/** Returns the link type with a name such as `raw_tracepoint`; undefined for an unknown name. */
export function linkTypeByName(name: string): BpfLinkType | undefined {
  return NAMES.value(name);
}

/** A pointer to a buffer that the kernel fills with text. */
export interface TextField extends Type<number>, Pointer {
  readonly to: "text";
}
/** A pointer to an array whose length is in the field `count`. */
export interface ArrayField<To extends "u32" | "u64"> extends Type<number>, Pointer {
  readonly to: To;
}
/**
 * A field with the length of a text to which another field of the struct points. Decoding leaves out this field, just as
 * it leaves out pointers.
 */
export interface LengthField extends Type<number>, Pointer {
  readonly isLength: true;
}

const text: TextField = { ...pointer, to: "text" };
const u32s: ArrayField<"u32"> = { ...pointer, to: "u32" };
const u64s: ArrayField<"u64"> = { ...pointer, to: "u64" };
const length: LengthField = { ...u32, isPointer: true, isLength: true };

/** The first fields of `struct bpf_link_info`, which all kinds share. */
export const BpfLinkInfo = struct({ type: u32, id: u32, prog_id: u32 }, { size: 16 });
/** Byte offset in `struct bpf_link_info` of the union that has one arm for each kind of link. */
export const BPF_LINK_INFO_ARM = 16;
/** Size of a buffer for `struct bpf_link_info`. It is rounded up, because newer kernels may have larger arms. */
export const BPF_LINK_INFO_SIZE = 128;

const onDevice = { ifindex: u32, attach_type: u32 } as const;
const iterator = { target_name: text, target_name_len: length } as const;

/**
 * The arms of the union in `struct bpf_link_info`, by the name of the kind. The arms of iterators and perf events have
 * more fields: see {@link ITER_INFO} and {@link PERF_EVENT_INFO}.
 */
export const LINK_INFO = {
  raw_tracepoint: struct({ tp_name: text, tp_name_len: length, cookie: newer(u64) }),
  /** `target_obj_id` is the target program's id for freplace, otherwise the id of the BTF object. */
  tracing: struct({ attach_type: u32, target_obj_id: u32, target_btf_id: u32, cookie: newer(u64) }),
  /** `cgroup_id` is 0 once the cgroup is gone. */
  cgroup: struct({ cgroup_id: u64, attach_type: u32 }),
  iter: struct(iterator),
  /** `netns_ino` is 0 once the namespace is gone. */
  netns: struct({ netns_ino: u32, attach_type: u32 }),
  /** `ifindex` is 0 once the device is gone; the same for tcx and netkit. */
  xdp: struct({ ifindex: u32 }),
  perf_event: struct({ type: u32 }),
  kprobe_multi: struct({
    addrs: u64s,
    count: u32,
    flags: u32,
    missed: newer(u64),
    cookies: { ...u64s, isNewer: true },
  }),
  struct_ops: struct({ map_id: u32 }),
  netfilter: struct({ pf: u32, hooknum: u32, priority: i32, flags: u32 }),
  tcx: struct(onDevice),
  uprobe_multi: struct({
    path: text,
    offsets: u64s,
    ref_ctr_offsets: u64s,
    cookies: u64s,
    path_size: length,
    count: u32,
    flags: u32,
    pid: u32,
  }),
  /** `ifindex` is the device that the program runs on. For a peer program this is the peer, not the primary. */
  netkit: struct(onDevice),
  sockmap: struct({ map_id: u32, attach_type: u32 }),
  tracing_multi: struct({ attach_type: u32, count: u32, btf_obj_id: u32, ids: u32s, addrs: u64s, cookies: u64s }),
} as const satisfies Readonly<Record<NamedKind, unknown>>;
/** The name of a link kind that has an arm in the union. */
export type LinkKind = keyof typeof LINK_INFO;

/** The arms of iterators, by the kind of the target. Each arm contains a second union, which is aligned to 8 bytes. */
export const ITER_INFO = {
  map: struct({ ...iterator, map: struct({ map_id: u32 }) }),
  cgroup: struct({ ...iterator, cgroup: struct({ cgroup_id: u64, order: u32 }) }),
  task: struct({ ...iterator, map_id: u32, task: struct({ tid: u32, pid: u32 }) }, { size: 32 }),
} as const;

const uprobe = struct({ file_name: text, name_len: length, offset: u32, cookie: u64, ref_ctr_offset: u64 });
const kprobe = struct({ func_name: text, name_len: length, offset: u32, addr: u64, missed: u64, cookie: u64 });

/** The fields after `type` in the arm of a perf event, by the name of the event's BPF_PERF_EVENT_* constant. */
export const PERF_EVENT_INFO = {
  uprobe,
  uretprobe: uprobe,
  kprobe,
  kretprobe: kprobe,
  tracepoint: struct({ tp_name: text, name_len: length, cookie: u64 }),
  /** `event_type` (the kernel calls it `type`) is `perf_event_attr.type`, and `config` is `perf_event_attr.config`. */
  event: struct({ config: u64, event_type: u32, cookie: u64 }),
} as const satisfies Readonly<Record<string, { readonly fields: Fields }>>;
/** Byte offset of {@link PERF_EVENT_INFO} in the arm of a perf event. Its structs are aligned to 8 bytes. */
export const PERF_EVENT_INFO_AT = 8;

/** The first fields of every LINK_CREATE. `prog_fd` is also `map_fd`, `target_fd` also `target_ifindex`. */
export const BpfLinkCreateAttr = struct({ prog_fd: u32, target_fd: u32, attach_type: u32, flags: u32 });
/** Byte offset in `link_create` of the union that has one arm for each kind of link. */
export const BPF_LINK_CREATE_ARM = 16;

/** A position in a hook's list of programs. `relative_fd` is also `relative_id`. */
const place = struct({ relative_fd: u32, expected_revision: u64 });

/** The arms of the union in `link_create`. An arm that has only numbers is also an option of `linkCreate()`. */
export const LINK_CREATE = {
  /**
   * For freplace: the BTF id of the function to replace in the target program. `tracing` has the same field at the same
   * offset.
   */
  target_btf_id: struct({ target_btf_id: u32 }),
  /** `iter_info` points to one of {@link ITER_LINK_INFO}. */
  iter_info: struct({ iter_info: usize, iter_info_len: u32 }),
  perf_event: struct({ bpf_cookie: u64 }),
  kprobe_multi: struct({ flags: u32, cnt: u32, syms: usize, addrs: usize, cookies: usize }),
  uprobe_multi: struct({
    path: usize,
    offsets: usize,
    ref_ctr_offsets: usize,
    cookies: usize,
    cnt: u32,
    flags: u32,
    pid: u32,
    path_fd: u32,
  }),
  tracing: struct({ target_btf_id: u32, cookie: u64 }),
  netfilter: struct({ pf: u32, hooknum: u32, priority: i32, flags: u32 }),
  tcx: place,
  netkit: place,
  cgroup: place,
  tracing_multi: struct({ ids: usize, cookies: usize, cnt: u32 }),
} as const;

/** The members of `union bpf_iter_link_info`. */
export const ITER_LINK_INFO = {
  map: struct({ map_fd: u32 }),
  cgroup: struct({ order: u32, cgroup_fd: u32, cgroup_id: u64 }),
  task: struct({ tid: u32, pid: u32, pid_fd: u32 }),
} as const;
