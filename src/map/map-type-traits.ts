import { BpfMapType, isPerCpuMap } from "../uapi/index.ts";

/** What the keys of a map are, beyond their bytes. */
export type KeyKind =
  /** Values of the map's BTF type, or bytes. */
  | "typed"
  /** A u32 from 0 to max_entries - 1. Stack traces use it as an id. */
  | "index"
  /** An address and the number of bits that count. */
  | "prefix"
  /** The fd of a socket, a task (pidfd), a file or a cgroup. The map is local storage of such objects. */
  | "socket"
  | "task"
  | "inode"
  | "cgroup"
  /** A cgroup's id, alone or with an attach type. */
  | "cgroup_id"
  /** The map has no keys. */
  | "none";

/** What the values of a map are, beyond their bytes. */
export type ValueKind =
  /** Values of the map's BTF type, or bytes. */
  | "typed"
  /** Maps or programs: written as an fd, read as an id. */
  | "object"
  /** Written as an fd, never read. */
  | "fd"
  /** Sockets: written as an fd, read as a cookie if the value has 8 bytes. */
  | "socket"
  /** A device's index; in values of 8 bytes also a program. */
  | "device"
  /** A queue's size; in values of 8 bytes also a program. */
  | "cpu"
  /** Addresses, or places in files by build id. */
  | "stack"
  /** The map has no elements. */
  | "none";

/** How the kernel treats the elements of a map type. */
export interface MapTraits {
  readonly key: KeyKind;
  readonly value: ValueKind;
  /** An element has one value for each possible CPU. */
  readonly perCpu: boolean;
  /** The kernel accepts BTF for the keys and values. Without it only this process can decode them. */
  readonly takesBtf: boolean;
}

const t = BpfMapType;
const table = new Map<number, MapTraits>();

function define(
  types: readonly number[],
  key: KeyKind,
  value: ValueKind,
  { takesBtf = true }: { takesBtf?: boolean } = {},
): void {
  for (const type of types) table.set(type, { key, value, perCpu: isPerCpuMap(type), takesBtf });
}

/** BPF_MAP_CREATE with BTF fails with ENOTSUPP, or with EINVAL since there is no key that could have a type. */
const NO_BTF = { takesBtf: false };

define([t.BPF_MAP_TYPE_HASH, t.BPF_MAP_TYPE_LRU_HASH, t.BPF_MAP_TYPE_RHASH], "typed", "typed");
define([t.BPF_MAP_TYPE_PERCPU_HASH, t.BPF_MAP_TYPE_LRU_PERCPU_HASH], "typed", "typed");
define([t.BPF_MAP_TYPE_ARRAY, t.BPF_MAP_TYPE_STRUCT_OPS, t.BPF_MAP_TYPE_INSN_ARRAY], "index", "typed");
define([t.BPF_MAP_TYPE_PERCPU_ARRAY], "index", "typed");
define([t.BPF_MAP_TYPE_PROG_ARRAY], "index", "object");
define([t.BPF_MAP_TYPE_ARRAY_OF_MAPS], "index", "object", NO_BTF);
define([t.BPF_MAP_TYPE_HASH_OF_MAPS], "typed", "object", NO_BTF);
define([t.BPF_MAP_TYPE_PERF_EVENT_ARRAY, t.BPF_MAP_TYPE_CGROUP_ARRAY, t.BPF_MAP_TYPE_XSKMAP], "index", "fd", NO_BTF);
define([t.BPF_MAP_TYPE_SOCKMAP], "index", "socket", NO_BTF);
define([t.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY], "index", "socket");
define([t.BPF_MAP_TYPE_SOCKHASH], "typed", "socket", NO_BTF);
define([t.BPF_MAP_TYPE_DEVMAP], "index", "device", NO_BTF);
define([t.BPF_MAP_TYPE_DEVMAP_HASH], "typed", "device", NO_BTF);
define([t.BPF_MAP_TYPE_CPUMAP], "index", "cpu", NO_BTF);
define([t.BPF_MAP_TYPE_STACK_TRACE], "index", "stack", NO_BTF);
define([t.BPF_MAP_TYPE_LPM_TRIE], "prefix", "typed");
define([t.BPF_MAP_TYPE_CGROUP_STORAGE], "cgroup_id", "typed");
define([t.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE], "cgroup_id", "typed");
define([t.BPF_MAP_TYPE_SK_STORAGE], "socket", "typed");
define([t.BPF_MAP_TYPE_TASK_STORAGE], "task", "typed");
define([t.BPF_MAP_TYPE_INODE_STORAGE], "inode", "typed");
define([t.BPF_MAP_TYPE_CGRP_STORAGE], "cgroup", "typed");
define([t.BPF_MAP_TYPE_BLOOM_FILTER], "none", "typed");
define([t.BPF_MAP_TYPE_QUEUE, t.BPF_MAP_TYPE_STACK], "none", "typed", NO_BTF);
define([t.BPF_MAP_TYPE_RINGBUF, t.BPF_MAP_TYPE_USER_RINGBUF, t.BPF_MAP_TYPE_ARENA], "none", "none", NO_BTF);

const UNKNOWN: MapTraits = { key: "typed", value: "typed", perCpu: false, takesBtf: true };

/** Returns how the elements of a map type are used. A type newer than this library counts as a hash. */
export function mapTraits(type: number): MapTraits {
  return table.get(type) ?? UNKNOWN;
}

/** Returns true for local storage of sockets, tasks, files or cgroups. The kernel creates it only with BTF. */
export function isLocalStorage({ key }: MapTraits): boolean {
  return key === "socket" || key === "task" || key === "inode" || key === "cgroup";
}

/** Returns true if the kernel lists the keys of such maps. It lists those of local storage to iterator programs only. */
export function hasKeyList(traits: MapTraits): boolean {
  return traits.key !== "none" && !isLocalStorage(traits);
}

/** Returns the bytes from one value to the next in an array, and between the CPUs of a per-CPU value: multiples of 8. */
export function valueStride(valueSize: number): number {
  return Math.ceil(valueSize / 8) * 8;
}

/** Returns the bytes that one element's value takes in a system call: of a per-CPU map those of all CPUs. */
export function valueBytes(traits: MapTraits, valueSize: number, cpus: () => number): number {
  return traits.perCpu ? valueStride(valueSize) * cpus() : valueSize;
}
