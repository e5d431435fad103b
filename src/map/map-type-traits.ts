import { BpfMapType, isPerCpuMap, mapTakesBtf } from "../uapi/index.ts";

/** What the keys of a map type are. */
export type KeyKind =
  /** Keys of the map's BTF key type, or plain bytes if the map has no BTF. */
  | "typed"
  /** A u32 from 0 to max_entries - 1. In a stack trace map the index serves as the stack's id. */
  | "index"
  /** A network address and the length of its prefix. */
  | "prefix"
  /**
   * For the next four kinds, a key is the fd of an object: of a socket, a task (a pidfd), a file (`inode`) or a cgroup.
   * The map is local storage for such objects.
   */
  | "socket"
  | "task"
  | "inode"
  | "cgroup"
  /** A cgroup's id, alone or with an attach type. */
  | "cgroup_id"
  /** The map has no keys. */
  | "none";

/** What the values of a map type are. */
export type ValueKind =
  /** Values of the map's BTF value type, or plain bytes if the map has no BTF. */
  | "typed"
  /** Maps or programs. They are written as an fd and read as an id. */
  | "object"
  /** Objects that are written as an fd and cannot be read. */
  | "fd"
  /** Sockets. They are written as an fd, and read as a cookie if the value has 8 bytes. */
  | "socket"
  /** The index of a network device. A value of 8 bytes also contains a program. */
  | "device"
  /** The size of a CPU's queue. A value of 8 bytes also contains a program. */
  | "cpu"
  /** Stacks: addresses, or build ids with offsets in files. */
  | "stack"
  /** The map has no elements. */
  | "none";

/** How the kernel treats the elements of a map type. */
export interface MapTraits {
  readonly key: KeyKind;
  readonly value: ValueKind;
  /** Whether an element has one value for each possible CPU. */
  readonly perCpu: boolean;
  /** Whether the kernel accepts BTF for the keys and values. Without BTF, other processes cannot decode them. */
  readonly takesBtf: boolean;
}

const t = BpfMapType;
const table = new Map<number, MapTraits>();

function define(types: readonly number[], key: KeyKind, value: ValueKind): void {
  for (const type of types) table.set(type, { key, value, perCpu: isPerCpuMap(type), takesBtf: mapTakesBtf(type) });
}

define([t.BPF_MAP_TYPE_HASH, t.BPF_MAP_TYPE_LRU_HASH, t.BPF_MAP_TYPE_RHASH], "typed", "typed");
define([t.BPF_MAP_TYPE_PERCPU_HASH, t.BPF_MAP_TYPE_LRU_PERCPU_HASH], "typed", "typed");
define([t.BPF_MAP_TYPE_ARRAY, t.BPF_MAP_TYPE_STRUCT_OPS, t.BPF_MAP_TYPE_INSN_ARRAY], "index", "typed");
define([t.BPF_MAP_TYPE_PERCPU_ARRAY], "index", "typed");
define([t.BPF_MAP_TYPE_PROG_ARRAY], "index", "object");
define([t.BPF_MAP_TYPE_ARRAY_OF_MAPS], "index", "object");
define([t.BPF_MAP_TYPE_HASH_OF_MAPS], "typed", "object");
define([t.BPF_MAP_TYPE_PERF_EVENT_ARRAY, t.BPF_MAP_TYPE_CGROUP_ARRAY, t.BPF_MAP_TYPE_XSKMAP], "index", "fd");
define([t.BPF_MAP_TYPE_SOCKMAP], "index", "socket");
define([t.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY], "index", "socket");
define([t.BPF_MAP_TYPE_SOCKHASH], "typed", "socket");
define([t.BPF_MAP_TYPE_DEVMAP], "index", "device");
define([t.BPF_MAP_TYPE_DEVMAP_HASH], "typed", "device");
define([t.BPF_MAP_TYPE_CPUMAP], "index", "cpu");
define([t.BPF_MAP_TYPE_STACK_TRACE], "index", "stack");
define([t.BPF_MAP_TYPE_LPM_TRIE], "prefix", "typed");
define([t.BPF_MAP_TYPE_CGROUP_STORAGE], "cgroup_id", "typed");
define([t.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE], "cgroup_id", "typed");
define([t.BPF_MAP_TYPE_SK_STORAGE], "socket", "typed");
define([t.BPF_MAP_TYPE_TASK_STORAGE], "task", "typed");
define([t.BPF_MAP_TYPE_INODE_STORAGE], "inode", "typed");
define([t.BPF_MAP_TYPE_CGRP_STORAGE], "cgroup", "typed");
define([t.BPF_MAP_TYPE_BLOOM_FILTER], "none", "typed");
define([t.BPF_MAP_TYPE_QUEUE, t.BPF_MAP_TYPE_STACK], "none", "typed");
define([t.BPF_MAP_TYPE_RINGBUF, t.BPF_MAP_TYPE_USER_RINGBUF, t.BPF_MAP_TYPE_ARENA], "none", "none");

const UNKNOWN: MapTraits = { key: "typed", value: "typed", perCpu: false, takesBtf: true };

/** Returns how the elements of a map type are used. A type that is newer than this library is treated as a hash. */
export function mapTraits(type: number): MapTraits {
  return table.get(type) ?? UNKNOWN;
}

/** Returns true for local storage of sockets, tasks, files or cgroups. The kernel creates such a map only with BTF. */
export function isLocalStorage({ key }: MapTraits): boolean {
  return key === "socket" || key === "task" || key === "inode" || key === "cgroup";
}

/**
 * Returns true if system calls can list the keys of a map. The keys of local storage are visible to iterator programs
 * only.
 */
export function hasKeyList(traits: MapTraits): boolean {
  return traits.key !== "none" && !isLocalStorage(traits);
}

/** Returns the distance in bytes between two values of an array, or between the values of two CPUs: a multiple of 8. */
export function valueStride(valueSize: number): number {
  return Math.ceil(valueSize / 8) * 8;
}

/**
 * Returns the size in bytes of one element's value in a system call. In a per-CPU map this includes the values of all
 * CPUs.
 */
export function valueBytes(traits: MapTraits, valueSize: number, cpus: () => number): number {
  return traits.perCpu ? valueStride(valueSize) * cpus() : valueSize;
}
