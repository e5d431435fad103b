import { Errno, SyscallError, UsageError } from "../../errors/index.ts";
import {
  addFlags,
  checkU64,
  type Fields,
  type FieldsOf,
  lookUp,
  type Struct,
  u64,
  type ValueOf,
  writeU32,
} from "../../layout/index.ts";
import {
  BPF_LINK_CREATE_ARM,
  BpfAttachFlag,
  BpfAttachType,
  BpfCmd,
  BpfLinkCreateAttr,
  BpfUprobeMultiFlag,
  ITER_LINK_INFO,
  LINK_CREATE,
} from "../../uapi/index.ts";
import { beginCall, placeBytes, placeText, placeU32s, placeU64s } from "../call-buffer.ts";
import { commandError, tryCommand } from "./command.ts";
import { rawTracepointOpen } from "./link.ts";

/** A 64-bit cookie or address. A number must be below 2^53. */
export type U64 = number | bigint;

/**
 * A position in the list of programs of a tcx, netkit or cgroup hook, relative to another program, the neighbour. The
 * flags of the link decide whether the new program comes before or after the neighbour.
 */
export interface LinkPlace {
  /** The fd of the neighbour: a program, or with BPF_F_LINK a link. */
  readonly relative_fd?: number | undefined;
  /** The id of the neighbour, instead of an fd; sets BPF_F_ID. */
  readonly relative_id?: number | undefined;
  /** The list's expected revision. If the list has another revision, the kernel fails with ESTALE. */
  readonly expected_revision?: bigint | undefined;
}

/**
 * The parameter of an iterator, which selects the objects to walk over. Only some kinds of iterators take a parameter.
 * Give at most one of the three members.
 */
export interface IterTarget {
  readonly map?: { readonly map_fd: number } | undefined;
  readonly cgroup?:
    | {
        readonly order?: number | undefined;
        readonly cgroup_fd?: number | undefined;
        readonly cgroup_id?: bigint | undefined;
      }
    | undefined;
  readonly task?:
    | { readonly tid?: number | undefined; readonly pid?: number | undefined; readonly pid_fd?: number | undefined }
    | undefined;
}

export interface KprobeMultiOptions {
  /** Flags such as BPF_F_KPROBE_MULTI_RETURN. */
  readonly flags?: number | undefined;
  /** Names of functions. Give either `syms` or `addrs`. */
  readonly syms?: readonly string[] | undefined;
  readonly addrs?: readonly U64[] | undefined;
  readonly cookies?: readonly U64[] | undefined;
}

export interface UprobeMultiOptions {
  /** Flags such as BPF_F_UPROBE_MULTI_RETURN. `path_fd` sets BPF_F_UPROBE_MULTI_PATH_FD automatically. */
  readonly flags?: number | undefined;
  readonly path?: string | undefined;
  readonly path_fd?: number | undefined;
  /** Offsets of instructions in the file. */
  readonly offsets: readonly U64[];
  readonly ref_ctr_offsets?: readonly U64[] | undefined;
  readonly cookies?: readonly U64[] | undefined;
  /** Trace only this process. */
  readonly pid?: number | undefined;
}

interface TracingMultiOptions {
  /** BTF ids of functions. */
  readonly ids: readonly number[];
  readonly cookies?: readonly U64[] | undefined;
}

/**
 * The groups of options that must be converted to fields of the kernel's attr: they contain arrays or texts, or the
 * caller chooses between two fields.
 */
interface SpecialGroups {
  readonly iter_info?: IterTarget | undefined;
  readonly kprobe_multi?: KprobeMultiOptions | undefined;
  readonly uprobe_multi?: UprobeMultiOptions | undefined;
  readonly tracing?: { readonly cookie: U64 } | undefined;
  readonly tcx?: LinkPlace | undefined;
  readonly netkit?: LinkPlace | undefined;
  readonly cgroup?: LinkPlace | undefined;
  /** Linux 7.1 and newer. */
  readonly tracing_multi?: TracingMultiOptions | undefined;
}

type Arms = typeof LINK_CREATE;
type NumberArm = Exclude<keyof Arms, keyof SpecialGroups | "target_btf_id">;
/**
 * The options of a group whose fields in the kernel's attr are all numbers. All options except `flags` are required.
 */
type Numbers<F extends Fields> = {
  readonly [K in Exclude<keyof F, "flags">]: ValueOf<F[K]> extends bigint ? U64 : number;
} & { readonly [K in keyof F as K extends "flags" ? K : never]?: number | undefined };
type NumberGroups = { readonly [A in NumberArm]?: Numbers<FieldsOf<Arms[A]>> | undefined };

/** Options of LINK_CREATE: flags, and at most one group of fields for the kind of link. */
export interface LinkCreateOptions extends SpecialGroups, NumberGroups {
  /** Flags: BpfAttachFlag, or XdpFlag for XDP. */
  readonly flags?: number | undefined;
  /**
   * The BTF id of the function to attach to. Only for freplace, and for fentry and fexit programs that trace another
   * BPF program. It can be combined with the group `tracing`.
   */
  readonly target_btf_id?: number | undefined;
}

const AT = BpfLinkCreateAttr.offsets;
const SIZE = BPF_LINK_CREATE_ARM + Math.max(...Object.values(LINK_CREATE).map(({ size }) => size));
const NOTHING: LinkCreateOptions = {};

/**
 * Attach types that LINK_CREATE supports only on newer kernels. Older kernels attach programs of these types with
 * RAW_TRACEPOINT_OPEN.
 */
const BY_RAW_TRACEPOINT: ReadonlySet<number> = new Set([
  BpfAttachType.BPF_TRACE_RAW_TP,
  BpfAttachType.BPF_LSM_MAC,
  BpfAttachType.BPF_TRACE_FENTRY,
  BpfAttachType.BPF_TRACE_FEXIT,
  BpfAttachType.BPF_MODIFY_RETURN,
]);

/**
 * Attaches a program by a link and returns the link's fd. For struct_ops, `progFd` is the fd of a map. `target` is an
 * fd; for XDP, tcx and netkit an ifindex; 0 if the target was fixed at load. If LINK_CREATE fails with EINVAL for a
 * tracing or LSM program, this function falls back to RAW_TRACEPOINT_OPEN, as libbpf does. It does not fall back if the
 * caller gave an option that RAW_TRACEPOINT_OPEN does not have.
 */
export function linkCreate(
  progFd: number,
  target: number,
  attachType: BpfAttachType,
  options: LinkCreateOptions = NOTHING,
): number {
  const callBuffer = beginCall();
  const { view } = callBuffer;
  // Write the fields one by one: the struct's general writer takes as long as the system call itself.
  writeU32(view, AT.prog_fd, progFd, "prog_fd");
  writeU32(view, AT.target_fd, target, "target_fd");
  writeU32(view, AT.attach_type, attachType, "attach_type");
  writeU32(view, AT.flags, options.flags ?? 0, "flags");
  if (options !== NOTHING) fillGroup(view, options);
  const fd = tryCommand(callBuffer, BpfCmd.BPF_LINK_CREATE, SIZE);
  if (fd >= 0) return fd;
  const refused = commandError(BpfCmd.BPF_LINK_CREATE, -fd, { needs: ["CAP_BPF"] });
  if (fd !== -Errno.EINVAL || !canOpenInstead(target, attachType, options)) throw refused;
  try {
    return rawTracepointOpen(progFd);
  } catch (error) {
    // Both calls have failed. EINVAL from RAW_TRACEPOINT_OPEN has many possible causes, so throw the error of
    // LINK_CREATE instead. Any other errno from RAW_TRACEPOINT_OPEN explains more, so throw that error.
    throw error instanceof SyscallError && error.errno === Errno.EINVAL ? refused : error;
  }
}

function canOpenInstead(target: number, attachType: BpfAttachType, options: LinkCreateOptions): boolean {
  const { flags = 0, target_btf_id = 0, tracing } = options;
  const cookie = checkU64(tracing?.cookie ?? 0, "cookie");
  return BY_RAW_TRACEPOINT.has(attachType) && target === 0 && flags === 0 && target_btf_id === 0 && cookie === 0n;
}

/** The names of the groups of options. A link takes at most one group. */
type Group = Exclude<keyof LinkCreateOptions, "flags" | "target_btf_id">;
type Fill<G extends Group> = (view: DataView, options: NonNullable<LinkCreateOptions[G]>) => void;

const ARM = BPF_LINK_CREATE_ARM;
const FILL: { readonly [G in keyof SpecialGroups]-?: Fill<G> } = {
  // The group `tracing` can be combined with `target_btf_id`, which is before the cookie in the attr.
  tracing: (view, { cookie }) => LINK_CREATE.tracing.fill(view, ARM, { cookie: checkU64(cookie, "cookie") }),
  iter_info: (view, target) => {
    const info = iterInfo(target);
    LINK_CREATE.iter_info.fill(view, ARM, { iter_info: placeBytes(info), iter_info_len: info?.length ?? 0 });
  },
  kprobe_multi: fillKprobeMulti,
  uprobe_multi: fillUprobeMulti,
  tcx: fillPlace,
  netkit: fillPlace,
  cgroup: fillPlace,
  tracing_multi: (view, { ids, cookies }) => {
    sameLength(ids.length, { cookies });
    LINK_CREATE.tracing_multi.fill(view, ARM, { ids: placeU32s(ids), cookies: placeU64s(cookies), cnt: ids.length });
  },
};
const GROUPS = (Object.keys(LINK_CREATE) as (keyof Arms)[]).filter((name) => name !== "target_btf_id");

function fillGroup(view: DataView, options: LinkCreateOptions): void {
  const groups = GROUPS.filter((name) => options[name] !== undefined);
  if (groups.length > 1)
    throw new UsageError(
      `a link takes options for only one kind of link, but the call has options for ${groups.join(" and ")}`,
    );
  if (options.target_btf_id !== undefined) {
    LINK_CREATE.target_btf_id.fill(view, ARM, { target_btf_id: options.target_btf_id });
  }
  const [group] = groups;
  if (group === undefined) return;
  if (Object.hasOwn(FILL, group)) (FILL[group as keyof SpecialGroups] as Fill<Group>)(view, options[group] as never);
  else fillNumbers(view, group as NumberArm, options[group] as unknown as Readonly<Record<string, U64>>);
}

function fillNumbers(view: DataView, name: NumberArm, options: Readonly<Record<string, U64>>): void {
  const arm: Struct<Fields> = LINK_CREATE[name];
  for (const given of Object.keys(options)) lookUp(arm.fields, given, `${name} field`);
  const numbers = Object.entries(arm.fields).map(([field, type]) => {
    return [field, type === u64 ? checkU64(options[field] as U64, field) : options[field]] as const;
  });
  arm.fill(view, ARM, Object.fromEntries(numbers));
}

/** Writes the position into the attr. The fields for tcx, netkit and cgroup have the same layout. */
function fillPlace(view: DataView, place: LinkPlace): void {
  if (place.relative_fd !== undefined && place.relative_id !== undefined) {
    throw new UsageError("give the neighbour by relative_fd or by relative_id, not by both");
  }
  if (place.relative_id !== undefined) {
    view.setUint32(AT.flags, view.getUint32(AT.flags, true) | BpfAttachFlag.BPF_F_ID, true);
  }
  LINK_CREATE.tcx.fill(view, ARM, {
    relative_fd: place.relative_fd ?? place.relative_id ?? 0,
    expected_revision: place.expected_revision ?? 0n,
  });
}

function fillKprobeMulti(view: DataView, options: KprobeMultiOptions): void {
  const { syms, addrs, cookies } = options;
  if ((syms === undefined) === (addrs === undefined)) {
    throw new UsageError("give either the functions' names (syms) or their addresses (addrs) to kprobe_multi");
  }
  const cnt = (syms ?? addrs ?? []).length;
  sameLength(cnt, { cookies });
  LINK_CREATE.kprobe_multi.fill(view, ARM, {
    flags: options.flags ?? 0,
    cnt,
    syms: syms === undefined ? 0 : placeU64s(syms.map(placeText)),
    addrs: placeU64s(addrs),
    cookies: placeU64s(cookies),
  });
}

function fillUprobeMulti(view: DataView, options: UprobeMultiOptions): void {
  const { path, path_fd, offsets, ref_ctr_offsets, cookies } = options;
  if ((path === undefined) === (path_fd === undefined)) {
    throw new UsageError("give either the file's path or its path_fd to uprobe_multi");
  }
  sameLength(offsets.length, { ref_ctr_offsets, cookies });
  LINK_CREATE.uprobe_multi.fill(view, ARM, {
    path: path === undefined ? 0 : placeText(path),
    offsets: placeU64s(offsets),
    ref_ctr_offsets: placeU64s(ref_ctr_offsets),
    cookies: placeU64s(cookies),
    cnt: offsets.length,
    flags: addFlags(
      options.flags ?? 0,
      path_fd === undefined ? 0 : BpfUprobeMultiFlag.BPF_F_UPROBE_MULTI_PATH_FD,
      "flags",
    ),
    pid: options.pid ?? 0,
    path_fd: path_fd ?? 0,
  });
}

/**
 * Throws UsageError for arrays of different lengths. The kernel takes only one count for all arrays, and would read
 * past the end of a shorter one.
 */
function sameLength(count: number, arrays: Readonly<Record<string, readonly U64[] | undefined>>): void {
  for (const [name, values] of Object.entries(arrays)) {
    if (values !== undefined && values.length !== count) {
      throw new UsageError(
        `${name} must have one element for each target, that is ${count}, but it has ${values.length}`,
      );
    }
  }
}

function iterInfo({ map, cgroup, task }: IterTarget): Uint8Array | undefined {
  // The kernel requires the full size of the union, 16 bytes, for every member.
  const view = new DataView(new ArrayBuffer(16));
  if (map !== undefined) ITER_LINK_INFO.map.fill(view, 0, map);
  else if (cgroup !== undefined) ITER_LINK_INFO.cgroup.fill(view, 0, cgroup as { order: number });
  else if (task !== undefined) ITER_LINK_INFO.task.fill(view, 0, task as { tid: number });
  else return undefined;
  return new Uint8Array(view.buffer);
}
