import { constantNames } from "./constant-names.ts";

/** Numbers of the kernel's map types (`enum bpf_map_type`). A newer kernel may know more. */
export const BpfMapType = {
  BPF_MAP_TYPE_UNSPEC: 0,
  BPF_MAP_TYPE_HASH: 1,
  BPF_MAP_TYPE_ARRAY: 2,
  BPF_MAP_TYPE_PROG_ARRAY: 3,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY: 4,
  BPF_MAP_TYPE_PERCPU_HASH: 5,
  BPF_MAP_TYPE_PERCPU_ARRAY: 6,
  BPF_MAP_TYPE_STACK_TRACE: 7,
  BPF_MAP_TYPE_CGROUP_ARRAY: 8,
  BPF_MAP_TYPE_LRU_HASH: 9,
  BPF_MAP_TYPE_LRU_PERCPU_HASH: 10,
  BPF_MAP_TYPE_LPM_TRIE: 11,
  BPF_MAP_TYPE_ARRAY_OF_MAPS: 12,
  BPF_MAP_TYPE_HASH_OF_MAPS: 13,
  BPF_MAP_TYPE_DEVMAP: 14,
  BPF_MAP_TYPE_SOCKMAP: 15,
  BPF_MAP_TYPE_CPUMAP: 16,
  BPF_MAP_TYPE_XSKMAP: 17,
  BPF_MAP_TYPE_SOCKHASH: 18,
  BPF_MAP_TYPE_CGROUP_STORAGE_DEPRECATED: 19,
  BPF_MAP_TYPE_CGROUP_STORAGE: 19,
  BPF_MAP_TYPE_REUSEPORT_SOCKARRAY: 20,
  BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE_DEPRECATED: 21,
  BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE: 21,
  BPF_MAP_TYPE_QUEUE: 22,
  BPF_MAP_TYPE_STACK: 23,
  BPF_MAP_TYPE_SK_STORAGE: 24,
  BPF_MAP_TYPE_DEVMAP_HASH: 25,
  BPF_MAP_TYPE_STRUCT_OPS: 26,
  BPF_MAP_TYPE_RINGBUF: 27,
  BPF_MAP_TYPE_INODE_STORAGE: 28,
  BPF_MAP_TYPE_TASK_STORAGE: 29,
  BPF_MAP_TYPE_BLOOM_FILTER: 30,
  BPF_MAP_TYPE_USER_RINGBUF: 31,
  BPF_MAP_TYPE_CGRP_STORAGE: 32,
  BPF_MAP_TYPE_ARENA: 33,
  BPF_MAP_TYPE_INSN_ARRAY: 34,
  BPF_MAP_TYPE_RHASH: 35,
} as const;
/** A map type; any number, since a newer kernel may have types that this list lacks. */
export type BpfMapType = number;

const NAMES = constantNames(BpfMapType, "BPF_MAP_TYPE_");

/** Returns libbpf's name of a map type, such as `lru_hash`; undefined for an unknown number. */
export function mapTypeName(value: number): string | undefined {
  return NAMES.name(value);
}

/** Returns the map type with a name such as `lru_hash`; undefined for an unknown name. */
export function mapTypeByName(name: string): BpfMapType | undefined {
  return NAMES.value(name);
}

const PER_CPU: ReadonlySet<number> = new Set([
  BpfMapType.BPF_MAP_TYPE_PERCPU_HASH,
  BpfMapType.BPF_MAP_TYPE_PERCPU_ARRAY,
  BpfMapType.BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BpfMapType.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
]);

/** Returns true for a map type whose elements have one value for each possible CPU. */
export function isPerCpuMap(type: BpfMapType): boolean {
  return PER_CPU.has(type);
}

const WITHOUT_BTF: ReadonlySet<number> = new Set([
  BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BpfMapType.BPF_MAP_TYPE_CGROUP_ARRAY,
  BpfMapType.BPF_MAP_TYPE_STACK_TRACE,
  BpfMapType.BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BpfMapType.BPF_MAP_TYPE_HASH_OF_MAPS,
  BpfMapType.BPF_MAP_TYPE_DEVMAP,
  BpfMapType.BPF_MAP_TYPE_DEVMAP_HASH,
  BpfMapType.BPF_MAP_TYPE_CPUMAP,
  BpfMapType.BPF_MAP_TYPE_XSKMAP,
  BpfMapType.BPF_MAP_TYPE_SOCKMAP,
  BpfMapType.BPF_MAP_TYPE_SOCKHASH,
  BpfMapType.BPF_MAP_TYPE_QUEUE,
  BpfMapType.BPF_MAP_TYPE_STACK,
  BpfMapType.BPF_MAP_TYPE_RINGBUF,
  BpfMapType.BPF_MAP_TYPE_USER_RINGBUF,
  BpfMapType.BPF_MAP_TYPE_ARENA,
]);

/**
 * Returns whether the kernel accepts BTF for the keys and values of a map type. For the others, BPF_MAP_CREATE with BTF
 * fails with ENOTSUPP, or with EINVAL if they have no keys.
 */
export function mapTakesBtf(type: BpfMapType): boolean {
  return !WITHOUT_BTF.has(type);
}

/** Returns true for a map type whose values are maps. */
export function isMapOfMaps(type: BpfMapType): boolean {
  return type === BpfMapType.BPF_MAP_TYPE_ARRAY_OF_MAPS || type === BpfMapType.BPF_MAP_TYPE_HASH_OF_MAPS;
}
