import {
  type AssemblyItem,
  assemble,
  callHelper,
  exit,
  gotol,
  jeq,
  jlt,
  jne,
  label,
  mov,
  r0,
  sub,
  w0,
} from "../../asm/index.ts";
import { BtfBuilder } from "../../btf/index.ts";
import { Errno, SyscallError } from "../../errors/index.ts";
import {
  type Capability,
  capabilities,
  closeFd,
  inInitialUserNamespace,
  type MapCreateAttr,
  mapCreate,
  type ProgLoadOptions,
  pageSize,
  tryBtfLoad,
} from "../../sys/index.ts";
import { BpfAttachType, BpfMapFlag, BpfMapType, BpfProgFlag, BpfProgType, isMapOfMaps } from "../../uapi/index.ts";
import { addInt } from "../object-btf.ts";
import { tryLoad, tryMake } from "./probes.ts";

/**
 * The result of a probe. `forbidden` means that the kernel rejected the probe and this thread lacks a capability that
 * BPF needs. The kernel may have the feature nevertheless.
 */
export type Support = "available" | "missing" | "forbidden";

/** Returns the result of a probe from the errno of its system call. */
export function supportOf(errno: number): Support {
  if (errno === 0) return "available";
  return errno === Errno.EPERM && hasReducedRights() ? "forbidden" : "missing";
}

/** The capabilities that a full probe needs. */
export const PROBE_CAPABILITIES: readonly Capability[] = ["CAP_SYS_ADMIN", "CAP_BPF", "CAP_NET_ADMIN", "CAP_PERFMON"];

function hasReducedRights(): boolean {
  const held = capabilities();
  return PROBE_CAPABILITIES.some((name) => !held[name]) || !inInitialUserNamespace();
}

const LOG = { size: 4096 };

const p = BpfProgType;
const a = BpfAttachType;

/** The load options for program types that need more than instructions. */
export const PROGRAM_OPTIONS: ReadonlyMap<number, Partial<ProgLoadOptions>> = new Map<number, Partial<ProgLoadOptions>>(
  [
    [p.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, { expected_attach_type: a.BPF_CGROUP_INET4_CONNECT }],
    [p.BPF_PROG_TYPE_CGROUP_SOCKOPT, { expected_attach_type: a.BPF_CGROUP_GETSOCKOPT }],
    [p.BPF_PROG_TYPE_SK_LOOKUP, { expected_attach_type: a.BPF_SK_LOOKUP }],
    [p.BPF_PROG_TYPE_LIRC_MODE2, { expected_attach_type: a.BPF_LIRC_MODE2 }],
    [p.BPF_PROG_TYPE_NETFILTER, { expected_attach_type: a.BPF_NETFILTER }],
    [p.BPF_PROG_TYPE_SYSCALL, { prog_flags: BpfProgFlag.BPF_F_SLEEPABLE }],
    [p.BPF_PROG_TYPE_TRACING, { expected_attach_type: a.BPF_TRACE_FENTRY, attach_btf_id: 1, log: LOG }],
    [p.BPF_PROG_TYPE_LSM, { expected_attach_type: a.BPF_MODIFY_RETURN, attach_btf_id: 1, log: LOG }],
    [p.BPF_PROG_TYPE_EXT, { attach_btf_id: 1, log: LOG }],
  ],
);

/**
 * Program types that need an attach target. The probe passes an invalid target, and a kernel that has the type rejects
 * the program with this errno and this text in the log. A kernel without the type gives another errno.
 */
const EXPECTED_REFUSAL: ReadonlyMap<number, { readonly errno: number; readonly log?: string }> = new Map<
  number,
  { readonly errno: number; readonly log?: string }
>([
  [p.BPF_PROG_TYPE_TRACING, { errno: Errno.EINVAL, log: "attach_btf_id 1 is not a function" }],
  [p.BPF_PROG_TYPE_LSM, { errno: Errno.EINVAL, log: "attach_btf_id 1 is not a function" }],
  [p.BPF_PROG_TYPE_EXT, { errno: Errno.EINVAL, log: "Cannot replace kernel functions" }],
  [p.BPF_PROG_TYPE_STRUCT_OPS, { errno: Errno.ENOTSUPP }],
]);

const returns = (value: number): Uint8Array => assemble([mov(r0, value), exit()]);

/** Probes a type of program by loading a minimal program. With `ifindex`, offloads the program to this device. */
export function probeProgramType(prog_type: BpfProgType, ifindex?: number): Support {
  // The driver nfp accepts only 2 as the return value.
  if (ifindex !== undefined) {
    return supportOf(tryLoad({ prog_type, insns: returns(2), prog_ifindex: ifindex }).errno);
  }
  const { errno, log } = tryLoad({ prog_type, insns: returns(0), ...PROGRAM_OPTIONS.get(prog_type) });
  const expected = EXPECTED_REFUSAL.get(prog_type);
  if (expected === undefined) return supportOf(errno);
  if (errno === expected.errno && log.includes(expected.log ?? "")) return "available";
  return errno === 0 ? "missing" : supportOf(errno);
}

/**
 * The text in the verifier's log if the kernel does not have a helper function, or if this type of program may not call
 * it.
 */
const NO_HELPER = /invalid func |unknown func |program of this type cannot use helper /;

/**
 * Probes whether a type of program may call a helper function, by loading a program that calls it. Returns undefined if
 * programs of this type need an attach target, because the probe has none.
 */
export function probeHelper(prog_type: BpfProgType, helper: string, ifindex?: number): Support | undefined {
  if (EXPECTED_REFUSAL.has(prog_type)) return undefined;
  const { errno, log } = tryLoad({
    prog_type,
    insns: assemble([callHelper(helper), exit()]),
    ...(ifindex === undefined ? PROGRAM_OPTIONS.get(prog_type) : { prog_ifindex: ifindex }),
    log: LOG,
  });
  if (errno !== 0 && log === "" && supportOf(errno) === "forbidden") return "forbidden";
  // The probe passes no arguments. So any other error is about the arguments, and the helper function exists.
  return NO_HELPER.test(log) ? "missing" : "available";
}

const m = BpfMapType;
const RING: Partial<MapCreateAttr> = { key_size: 0, value_size: 0, max_entries: pageSize() };
const CGROUP_STORAGE: Partial<MapCreateAttr> = { key_size: 16, value_size: 8, max_entries: 0 };
const NO_PREALLOC = BpfMapFlag.BPF_F_NO_PREALLOC;

/** The create attributes for map types that need flags, or keys and values of other sizes than 4 bytes. */
const MAP_OPTIONS: ReadonlyMap<number, Partial<MapCreateAttr>> = new Map<number, Partial<MapCreateAttr>>([
  [m.BPF_MAP_TYPE_STACK_TRACE, { value_size: 8 }],
  [m.BPF_MAP_TYPE_LPM_TRIE, { key_size: 8, value_size: 8, map_flags: NO_PREALLOC }],
  [m.BPF_MAP_TYPE_RHASH, { map_flags: NO_PREALLOC }],
  [m.BPF_MAP_TYPE_CGROUP_STORAGE, CGROUP_STORAGE],
  [m.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, CGROUP_STORAGE],
  [m.BPF_MAP_TYPE_QUEUE, { key_size: 0 }],
  [m.BPF_MAP_TYPE_STACK, { key_size: 0 }],
  [m.BPF_MAP_TYPE_BLOOM_FILTER, { key_size: 0 }],
  [m.BPF_MAP_TYPE_RINGBUF, RING],
  [m.BPF_MAP_TYPE_USER_RINGBUF, RING],
  [m.BPF_MAP_TYPE_ARENA, { key_size: 0, value_size: 0, map_flags: BpfMapFlag.BPF_F_MMAPABLE }],
  [m.BPF_MAP_TYPE_INSN_ARRAY, { value_size: 16 }],
  // A struct_ops map needs the id of a struct_ops type in the kernel's BTF. The probe passes 1, which is no such type.
  // Only a kernel that has struct_ops maps fails with ENOTSUPP then.
  [m.BPF_MAP_TYPE_STRUCT_OPS, { btf_vmlinux_value_type_id: 1, value_type_btf_obj_fd: -1 }],
]);
const STORAGE: ReadonlySet<number> = new Set([
  m.BPF_MAP_TYPE_SK_STORAGE,
  m.BPF_MAP_TYPE_INODE_STORAGE,
  m.BPF_MAP_TYPE_TASK_STORAGE,
  m.BPF_MAP_TYPE_CGRP_STORAGE,
]);
const SMALL = { key_size: 4, value_size: 4, max_entries: 1 };

/** Probes a type of map by creating a minimal map. With `ifindex`, offloads the map to this device. */
export function probeMapType(map_type: BpfMapType, ifindex?: number): Support {
  if (ifindex !== undefined) return supportOf(tryCreate({ map_type, ...SMALL, map_ifindex: ifindex }));
  if (STORAGE.has(map_type)) return probeStorage(map_type);
  if (isMapOfMaps(map_type)) return probeMapOfMaps(map_type);
  const errno = tryCreate({ map_type, ...SMALL, ...MAP_OPTIONS.get(map_type) });
  if (map_type === m.BPF_MAP_TYPE_STRUCT_OPS && errno === Errno.ENOTSUPP) return "available";
  return supportOf(errno);
}

/** Creates a map, closes it, and returns the errno; 0 if the kernel created the map. */
function tryCreate(attr: MapCreateAttr): number {
  return tryMake(() => mapCreate(attr));
}

function probeMapOfMaps(map_type: BpfMapType): Support {
  let inner: number;
  try {
    inner = mapCreate({ map_type: m.BPF_MAP_TYPE_HASH, ...SMALL });
  } catch (error) {
    if (error instanceof SyscallError) return supportOf(error.errno);
    throw error;
  }
  try {
    return supportOf(tryCreate({ map_type, ...SMALL, inner_map_fd: inner }));
  } finally {
    closeFd(inner);
  }
}

/** Probes a type of local storage. The kernel requires BTF for the key and the value of such a map. */
function probeStorage(map_type: BpfMapType): Support {
  const types = new BtfBuilder();
  const int = addInt(types);
  const { fd: btf, errno = 0 } = tryBtfLoad(types.encode());
  if (btf === undefined) return supportOf(errno);
  const ids = { btf_fd: btf, btf_key_type_id: int, btf_value_type_id: int };
  try {
    return supportOf(tryCreate({ map_type, key_size: 4, value_size: 4, map_flags: NO_PREALLOC, ...ids }));
  } finally {
    closeFd(btf);
  }
}

/** Returns a program in which `jump` skips one instruction or not. */
const branches = (jump: AssemblyItem): AssemblyItem[] => [mov(r0, 0), jump, mov(r0, 1), label("end"), exit()];

/** Other features of programs, each with a function that makes a program with this feature. */
const PROGRAM_PROBES = {
  large_insn_limit: () => [...Array.from({ length: 4096 }, () => mov(r0, 1)), exit()],
  bounded_loops: () => [mov(r0, 10), label("again"), sub(r0, 1), jne(r0, 0, "again"), exit()],
  v2_isa_extension: () => branches(jlt(r0, 0, "end")),
  v3_isa_extension: () => branches(jlt(w0, 0, "end")),
  v4_isa_extension: () => [
    ...[mov(r0, 0), jeq(w0, 1, "other"), gotol("end")],
    ...[label("other"), mov(r0, 1), label("end"), exit()],
  ],
} as const satisfies Readonly<Record<string, () => AssemblyItem[]>>;

/** The names of the features that {@link probeProgramFeature} can probe. */
export type ProgramFeature = keyof typeof PROGRAM_PROBES;
export const PROGRAM_FEATURES = Object.keys(PROGRAM_PROBES) as readonly ProgramFeature[];

/** Probes a feature of programs: more than 4,096 instructions, bounded loops, or a version of the instruction set. */
export function probeProgramFeature(name: ProgramFeature, ifindex?: number): Support {
  const insns = assemble(PROGRAM_PROBES[name]());
  return supportOf(tryLoad({ prog_type: p.BPF_PROG_TYPE_SOCKET_FILTER, insns, prog_ifindex: ifindex }).errno);
}
