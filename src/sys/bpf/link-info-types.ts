/** What every link has. */
interface LinkHead {
  /** One of BpfLinkType. */
  readonly type: number;
  readonly id: number;
  /** 0 for struct_ops links, and after the link was detached. */
  readonly prog_id: number;
}

export interface RawTracepointLinkInfo extends LinkHead {
  readonly kind: "raw_tracepoint";
  readonly tp_name: string;
  /** 6.18; 0 or undefined before, whatever it is. */
  readonly cookie: bigint | undefined;
}
export interface TracingLinkInfo extends LinkHead {
  readonly kind: "tracing";
  readonly attach_type: number;
  /** The target program's id for freplace, otherwise the id of the BTF object. */
  readonly target_obj_id: number;
  readonly target_btf_id: number;
  /** 6.18; 0 or undefined before, whatever it is. */
  readonly cookie: bigint | undefined;
}
export interface CgroupLinkInfo extends LinkHead {
  readonly kind: "cgroup";
  /** 0 once the cgroup is gone. */
  readonly cgroup_id: bigint;
  readonly attach_type: number;
}
export interface IterRecord {
  /** `task`, `bpf_map_elem`, ... */
  readonly target_name: string;
  /** bpf_map_elem, sockmap and bpf_sk_storage_map. */
  readonly map?: { readonly map_id: number } | undefined;
  /** cgroup. */
  readonly cgroup?: { readonly cgroup_id: bigint; readonly order: number } | undefined;
  /** task, task_file and task_vma; 0 for all. */
  readonly task?: { readonly tid: number; readonly pid: number } | undefined;
}
export interface IterLinkInfo extends LinkHead, IterRecord {
  readonly kind: "iter";
}
export interface NetnsLinkInfo extends LinkHead {
  readonly kind: "netns";
  /** 0 once the namespace is gone. */
  readonly netns_ino: number;
  readonly attach_type: number;
}
export interface XdpLinkInfo extends LinkHead {
  readonly kind: "xdp";
  /** 0 once the device is gone; the same for tcx and netkit. */
  readonly ifindex: number;
}
export interface StructOpsLinkInfo extends LinkHead {
  readonly kind: "struct_ops";
  readonly map_id: number;
}
export interface NetfilterLinkInfo extends LinkHead {
  readonly kind: "netfilter";
  readonly pf: number;
  readonly hooknum: number;
  readonly priority: number;
  readonly flags: number;
}
export interface TcxLinkInfo extends LinkHead {
  readonly kind: "tcx";
  readonly ifindex: number;
  readonly attach_type: number;
}
export interface NetkitLinkInfo extends LinkHead {
  readonly kind: "netkit";
  /** The end that the program hangs on: of the peer, although it is attached through the primary device. */
  readonly ifindex: number;
  readonly attach_type: number;
}
export interface SockmapLinkInfo extends LinkHead {
  readonly kind: "sockmap";
  readonly map_id: number;
  readonly attach_type: number;
}
export interface KprobeMultiRecord {
  readonly count: number;
  readonly flags: number;
  /** Runs that were missed (6.7). */
  readonly missed: bigint | undefined;
  /** Addresses, all 0 for a reader that may not see them. */
  readonly addrs: bigint[];
  /** undefined on kernels before 6.9. */
  readonly cookies: bigint[] | undefined;
}
export interface KprobeMultiLinkInfo extends LinkHead, KprobeMultiRecord {
  readonly kind: "kprobe_multi";
}
export interface UprobeMultiRecord {
  readonly path: string;
  readonly count: number;
  readonly flags: number;
  /** 0 for all processes. */
  readonly pid: number;
  readonly offsets: bigint[];
  readonly ref_ctr_offsets: bigint[];
  readonly cookies: bigint[];
}
export interface UprobeMultiLinkInfo extends LinkHead, UprobeMultiRecord {
  readonly kind: "uprobe_multi";
}
export interface TracingMultiRecord {
  readonly attach_type: number;
  readonly count: number;
  readonly btf_obj_id: number;
  readonly ids: number[];
  readonly addrs: bigint[];
  readonly cookies: bigint[];
}
export interface TracingMultiLinkInfo extends LinkHead, TracingMultiRecord {
  readonly kind: "tracing_multi";
}

/** What a perf event link hangs on. Kernels before 6.6 do not say: `unspec`. */
export type PerfEventRecord =
  | { readonly kind: "unspec"; readonly type: number }
  | {
      readonly kind: "uprobe" | "uretprobe";
      readonly type: number;
      readonly file_name: string;
      readonly offset: number;
      /** 6.9. */
      readonly cookie: bigint;
      /** 6.16. */
      readonly ref_ctr_offset: bigint;
    }
  | {
      readonly kind: "kprobe" | "kretprobe";
      readonly type: number;
      /** Empty for a kprobe by address. */
      readonly func_name: string;
      readonly offset: number;
      /** 0 for a reader that may not see addresses. */
      readonly addr: bigint;
      readonly missed: bigint;
      readonly cookie: bigint;
    }
  | { readonly kind: "tracepoint"; readonly type: number; readonly tp_name: string; readonly cookie: bigint }
  | {
      readonly kind: "event";
      readonly type: number;
      /** `perf_event_attr.type` and `.config`. */
      readonly event_type: number;
      readonly config: bigint;
      readonly cookie: bigint;
    };
export interface PerfEventLinkInfo extends LinkHead {
  readonly kind: "perf_event";
  readonly event: PerfEventRecord;
}
/** A kind that is newer than this list. */
export interface UnknownLinkInfo extends LinkHead {
  readonly kind: "unknown";
}

/** What the kernel says about a link; `kind` tells which. */
export type LinkInfo =
  | RawTracepointLinkInfo
  | TracingLinkInfo
  | CgroupLinkInfo
  | IterLinkInfo
  | NetnsLinkInfo
  | XdpLinkInfo
  | StructOpsLinkInfo
  | NetfilterLinkInfo
  | TcxLinkInfo
  | NetkitLinkInfo
  | SockmapLinkInfo
  | KprobeMultiLinkInfo
  | UprobeMultiLinkInfo
  | PerfEventLinkInfo
  | TracingMultiLinkInfo
  | UnknownLinkInfo;
