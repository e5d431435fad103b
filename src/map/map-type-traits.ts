import { BpfMapType } from "../uapi/index.ts";

/** What a map's keys are, beyond their bytes. */
export type KeyKind =
  /** Of the map's BTF type, or bytes. */
  | "typed"
  /** A u32 from 0 to max_entries - 1 (of a stack trace's map, an id). */
  | "index"
  /** An address and how many of its bits count. */
  | "prefix"
  /** The fd of a socket, a task (pidfd), a file or a cgroup. */
  | "socket"
  | "task"
  | "inode"
  | "cgroup"
  /** A cgroup's id, alone or with an attach type. */
  | "cgroup_id"
  /** There are none. */
  | "none";

/** What a map's values are, beyond their bytes. */
export type ValueKind =
  | "typed"
  /** Maps or programs: an fd on the way in, an id on the way out. */
  | "object"
  /** An fd on the way in; never read. */
  | "fd"
  /** A socket's fd on the way in, its cookie on the way out where the value has 8 bytes. */
  | "socket"
  /** A device's index or a queue's size, and a program in values of 8 bytes. */
  | "device"
  | "cpu"
  /** Addresses, or places in files by build id. */
  | "stack"
  /** Elements are not what such a map has. */
  | "none";

/** What differs between the types of maps in how their elements are used. */
export interface MapTraits {
  readonly key: KeyKind;
  readonly value: ValueKind;
  /** An element has a value for each possible CPU. */
  readonly perCpu: boolean;
}

const t = BpfMapType;
const table = new Map<number, MapTraits>();
function define(key: KeyKind, value: ValueKind, ...types: number[]): void {
  for (const type of types) table.set(type, { key, value, perCpu: PER_CPU.has(type) });
}
const PER_CPU: ReadonlySet<number> = new Set([
  t.BPF_MAP_TYPE_PERCPU_HASH,
  t.BPF_MAP_TYPE_PERCPU_ARRAY,
  t.BPF_MAP_TYPE_LRU_PERCPU_HASH,
  t.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
]);
define("typed", "typed", t.BPF_MAP_TYPE_HASH, t.BPF_MAP_TYPE_LRU_HASH, t.BPF_MAP_TYPE_RHASH);
define("typed", "typed", t.BPF_MAP_TYPE_PERCPU_HASH, t.BPF_MAP_TYPE_LRU_PERCPU_HASH);
define("index", "typed", t.BPF_MAP_TYPE_ARRAY, t.BPF_MAP_TYPE_PERCPU_ARRAY);
define("index", "typed", t.BPF_MAP_TYPE_STRUCT_OPS, t.BPF_MAP_TYPE_INSN_ARRAY);
define("index", "object", t.BPF_MAP_TYPE_PROG_ARRAY, t.BPF_MAP_TYPE_ARRAY_OF_MAPS);
define("typed", "object", t.BPF_MAP_TYPE_HASH_OF_MAPS);
define("index", "fd", t.BPF_MAP_TYPE_PERF_EVENT_ARRAY, t.BPF_MAP_TYPE_CGROUP_ARRAY, t.BPF_MAP_TYPE_XSKMAP);
define("index", "socket", t.BPF_MAP_TYPE_SOCKMAP, t.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY);
define("typed", "socket", t.BPF_MAP_TYPE_SOCKHASH);
define("index", "device", t.BPF_MAP_TYPE_DEVMAP);
define("typed", "device", t.BPF_MAP_TYPE_DEVMAP_HASH);
define("index", "cpu", t.BPF_MAP_TYPE_CPUMAP);
define("index", "stack", t.BPF_MAP_TYPE_STACK_TRACE);
define("prefix", "typed", t.BPF_MAP_TYPE_LPM_TRIE);
define("cgroup_id", "typed", t.BPF_MAP_TYPE_CGROUP_STORAGE, t.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE);
define("socket", "typed", t.BPF_MAP_TYPE_SK_STORAGE);
define("task", "typed", t.BPF_MAP_TYPE_TASK_STORAGE);
define("inode", "typed", t.BPF_MAP_TYPE_INODE_STORAGE);
define("cgroup", "typed", t.BPF_MAP_TYPE_CGRP_STORAGE);
define("none", "typed", t.BPF_MAP_TYPE_QUEUE, t.BPF_MAP_TYPE_STACK, t.BPF_MAP_TYPE_BLOOM_FILTER);
define("none", "none", t.BPF_MAP_TYPE_RINGBUF, t.BPF_MAP_TYPE_USER_RINGBUF, t.BPF_MAP_TYPE_ARENA);

const UNKNOWN: MapTraits = { key: "typed", value: "typed", perCpu: false };

/** How the elements of a map type are used. A type newer than this library is taken for a hash. */
export function mapTraits(type: number): MapTraits {
  return table.get(type) ?? UNKNOWN;
}

/** Whether the kernel lists the keys of such maps: not those of storage beside its objects. */
export function hasKeyList({ key }: MapTraits): boolean {
  return key !== "none" && key !== "socket" && key !== "task" && key !== "inode" && key !== "cgroup";
}

/** The bytes that one element's value takes in a system call: per-CPU values lie on multiples of 8, one a CPU. */
export function valueBytes(traits: MapTraits, valueSize: number, cpus: () => number): number {
  return traits.perCpu ? Math.ceil(valueSize / 8) * 8 * cpus() : valueSize;
}
