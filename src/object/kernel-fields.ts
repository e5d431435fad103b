import { BtfKind } from "../btf/index.ts";
import { UsageError } from "../errors/index.ts";
import { BpfAttachType, BpfFuncInfo, BpfLineInfo, BpfMapType, BpfProgType } from "../uapi/index.ts";
import { parseSectionName, SectionTrait, suggestSection } from "./section-kinds.ts";
import type { MapSpec, ProgramSpec } from "./spec.ts";

// What the kernel gets from the specs of maps and programs, whoever makes the system call.

/** Two sizes of the machine on which an object is loaded. */
export interface MachineSizes {
  readonly pageSize: () => number;
  readonly possibleCpus: () => number;
}

/**
 * Returns the max_entries to create a map with. For a ring, rounds up to a power of two that is at least a page. For a
 * perf event array without max_entries, returns the number of possible CPUs.
 */
export function maxEntriesOn(machine: MachineSizes, { type, maxEntries }: MapSpec): number {
  if (type === BpfMapType.BPF_MAP_TYPE_RINGBUF || type === BpfMapType.BPF_MAP_TYPE_USER_RINGBUF) {
    // The kernel refuses 0, and no 32-bit power of two is above 2^31. Leave such numbers unchanged.
    if (maxEntries === 0 || maxEntries > 2 ** 31) return maxEntries;
    let size = machine.pageSize();
    while (size < maxEntries) size *= 2;
    return size;
  }
  return type === BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY && maxEntries === 0 ? machine.possibleCpus() : maxEntries;
}

/**
 * Returns the fields of BPF_MAP_CREATE for a map, without its BTF types and without fds.
 *
 * @param ifindex the network device to offload the map to, instead of the device in the spec
 */
export function mapFields(spec: MapSpec, machine: MachineSizes, ifindex: number | undefined) {
  return {
    map_type: spec.type,
    key_size: spec.keySize,
    value_size: spec.valueSize,
    max_entries: maxEntriesOn(machine, spec),
    map_flags: spec.flags,
    map_name: spec.kernelName,
    // Do not offload a perf event array to the device of the option `ifindex`: an offloaded program can use an array of
    // the host (libbpf's bpf_map__is_offload_neutral).
    map_ifindex: spec.type === BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY ? spec.ifindex : (ifindex ?? spec.ifindex),
    map_extra: spec.mapExtra,
    numa_node: spec.numaNode,
  };
}

/**
 * Returns the expected attach type of a program. For a USDT program this is the type of uprobe_multi links, if the
 * kernel has such links.
 */
export function attachTypeOn(hasUprobeMulti: () => boolean, spec: ProgramSpec): BpfAttachType | undefined {
  const { kind } = parseSectionName(spec.sectionName);
  const isUsdt = kind !== undefined && (kind.traits & SectionTrait.USDT) !== 0;
  if (!isUsdt || spec.attachType !== undefined || !hasUprobeMulti()) return spec.attachType;
  return BpfAttachType.BPF_TRACE_UPROBE_MULTI;
}

/** Throws UsageError for a program that has no type. */
export function checkProgramType({ name, type, sectionName }: ProgramSpec): void {
  if (type !== BpfProgType.BPF_PROG_TYPE_UNSPEC) return;
  throw new UsageError(
    `program ${name}: section ${sectionName} is not a known section name, so the program has no type; set spec.program(${JSON.stringify(name)}).type before loading${suggestSection(sectionName)}`,
  );
}

/**
 * Returns how the kernel's BTF describes the targets of an attach type: the prefix of their names, and their BTF kind.
 */
export function prefixOf(attachType: BpfAttachType | undefined): { prefix: string; kind: BtfKind } {
  switch (attachType) {
    case BpfAttachType.BPF_TRACE_RAW_TP:
      return { prefix: "btf_trace_", kind: BtfKind.TYPEDEF };
    case BpfAttachType.BPF_LSM_MAC:
    case BpfAttachType.BPF_LSM_CGROUP:
      return { prefix: "bpf_lsm_", kind: BtfKind.FUNC };
    case BpfAttachType.BPF_TRACE_ITER:
      return { prefix: "bpf_iter_", kind: BtfKind.FUNC };
    default:
      return { prefix: "", kind: BtfKind.FUNC };
  }
}

/** Encodes function and line records. Returns none if a function has no type. */
export function debugRecords(spec: ProgramSpec, little = true): { func_info?: Uint8Array; line_info?: Uint8Array } {
  const { functions, lines } = spec;
  if (functions.length === 0 || functions.some(({ typeId }) => typeId === 0)) return {};
  const func_info = new Uint8Array(functions.length * BpfFuncInfo.size);
  const funcs = new DataView(func_info.buffer);
  functions.forEach(({ slot, typeId }, i) => {
    funcs.setUint32(i * 8, slot, little);
    funcs.setUint32(i * 8 + 4, typeId, little);
  });
  const line_info = new Uint8Array(lines.length * BpfLineInfo.size);
  const records = new DataView(line_info.buffer);
  lines.forEach((line, i) => {
    records.setUint32(i * 16, line.slot, little);
    records.setUint32(i * 16 + 4, line.fileNameOffset, little);
    records.setUint32(i * 16 + 8, line.lineOffset, little);
    records.setUint32(i * 16 + 12, line.lineColumn, little);
  });
  return { func_info, ...(lines.length === 0 ? {} : { line_info }) };
}
