import {
  type AssemblyItem,
  add,
  assemble,
  callHelper,
  exit,
  ja,
  jeq,
  jgt,
  jle,
  jne,
  label,
  ldMapFd,
  ldx,
  lsh,
  mov,
  type Register,
  r0,
  r1,
  r2,
  r3,
  r6,
  r7,
  r8,
  r9,
  r10,
  rsh,
  st,
  stx,
  sub,
  type Width,
} from "../../asm/index.ts";
import type { KernelTypes } from "../../kernel/index.ts";
import { readKernel, readKernelAt, writeRecord } from "../../kernel/index.ts";
import { possibleCpuIds } from "../../sys/index.ts";
import { BPF_OBJ_NAME_LEN } from "../../uapi/index.ts";

/** A program of more maps is asked for by itself. */
export const RECORD_MAPS = 8;

/** What {@link recordProgram} writes for each program: the offsets of its fields, u32 unless said. */
export const IteratedRecord = {
  id: 0,
  /** 1 where the rest is not what the kernel would tell: it is to be asked. */
  ask: 4,
  type: 8,
  /** Instructions. */
  len: 12,
  jited_len: 16,
  pages: 20,
  uid: 24,
  btf_id: 28,
  /** u64: nanoseconds since boot. */
  load_time: 32,
  verified_insns: 40,
  attach_btf_id: 44,
  attach_btf_obj_id: 48,
  nr_maps: 52,
  /** Eight bytes. */
  tag: 56,
  /** 16 bytes, zeros at the end. */
  name: 64,
  /** {@link RECORD_MAPS} ids. */
  map_ids: 80,
  /** A byte, of which the lowest bit counts. */
  gpl: 112,
  size: 120,
} as const;

/** Of struct bpf_iter__bpf_prog. */
const CONTEXT_PROG = 8;

/** The stack, from its top. */
const RECORD = -IteratedRecord.size;
/** Pointers to maps, and where they are. */
const MAPS = RECORD - 8 * RECORD_MAPS;
const MAPS_AT = MAPS - 8;
/** The counters of a CPU, and where those of CPUs are, but for the CPU's part of the address. */
const COUNTERS = MAPS_AT - 24;
const COUNTERS_AT = COUNTERS - 8;
/** The same of the value of {@link cpuMap}. */
const VALUE_AT = COUNTERS_AT - 8;
const POINTER = VALUE_AT - 8;
const ZERO = POINTER - 8;
const STACK_SIZE = -ZERO;

/**
 * A program for the iterator `bpf_prog` (5.9) that writes an {@link IteratedRecord} for each loaded program: what the
 * kernel says of it by BPF_OBJ_GET_INFO_BY_FD (bpf_prog_get_info_by_fd) and in its fd's entry in /proc. Where that takes
 * more than reading fields, the record says so: programs that ran while runs were counted, that have subprograms, many
 * maps, a long name, or a network device of their own. `cpuMap` is a per-CPU array (its helper: 5.19).
 */
export function recordProgram(types: KernelTypes, cpuMap: number): Uint8Array {
  const aux = (member: string): number => types.offset("bpf_prog_aux", member);
  const prog = (member: string): number => types.offset("bpf_prog", member);
  return assemble([
    mov(r6, r1),
    ldx("u64", r7, r6, CONTEXT_PROG),
    jeq(r7, 0, "out"),
    ldx("u64", r8, r7, prog("aux")),
    ...Array.from({ length: STACK_SIZE / 8 }, (_, i) => st("u64", r10, -8 * (i + 1), 0)),
    ...copy("u32", r8, aux("id"), "id"),
    ...[ldx("u64", r1, r8, aux("offload")), jne(r1, 0, "ask")],
    ...[ldx("u32", r1, r8, aux("func_cnt")), jne(r1, 0, "ask")],
    ...askIfItRan(types, cpuMap),
    ...copy("u32", r7, prog("type"), "type"),
    ...copy("u32", r7, prog("len"), "len"),
    ...copy("u32", r7, prog("jited_len"), "jited_len"),
    ...copy("u16", r7, prog("pages"), "pages"),
    ...copyBit(types.bitOffset("bpf_prog", "gpl_compatible"), "gpl"),
    ...copy("u64", r8, aux("load_time"), "load_time"),
    ldx("u64", r1, r8, aux("user")),
    ...copy("u32", r1, types.offset("user_struct", "uid"), "uid"),
    ...copyId(types, "btf", "btf_id"),
    ...ifAny(types.offsetIfAny("bpf_prog_aux", "verified_insns"), (at) => copy("u32", r8, at, "verified_insns")),
    ...copy("u32", r8, aux("attach_btf_id"), "attach_btf_id"),
    ...ifAny(types.offsetIfAny("bpf_prog_aux", "attach_btf"), () => copyId(types, "attach_btf", "attach_btf_obj_id")),
    ...readKernel(RECORD + IteratedRecord.tag, 8, r7, prog("tag")),
    ...readKernel(RECORD + IteratedRecord.name, BPF_OBJ_NAME_LEN, r8, aux("name")),
    // What fills the kernel's 15 characters is completed from BTF.
    ldx("u8", r1, r10, RECORD + IteratedRecord.name + BPF_OBJ_NAME_LEN - 2),
    jne(r1, 0, "ask"),
    ...readMaps(types),
    ja("write"),
    label("ask"),
    st("u32", r10, RECORD + IteratedRecord.ask, 1),
    label("write"),
    ...writeRecord(RECORD, IteratedRecord.size),
    label("out"),
    mov(r0, 0),
    exit(),
  ]);
}

type Field = Exclude<keyof typeof IteratedRecord, "size">;

function copy(width: Width, from: Register, offset: number, field: Field): AssemblyItem[] {
  return [ldx(width, r1, from, offset), stx(width, r10, r1, RECORD + IteratedRecord[field])];
}

/** A bit field of the program, as the lowest bit. */
function copyBit(bit: number, field: Field): AssemblyItem[] {
  return [ldx("u8", r1, r7, bit >> 3), rsh(r1, bit & 7), stx("u8", r10, r1, RECORD + IteratedRecord[field])];
}

/** The id of a BTF that the program points to; of none 0, which is what the kernel reads at NULL. */
function copyId(types: KernelTypes, member: string, field: Field): AssemblyItem[] {
  return [
    ldx("u64", r1, r8, types.offset("bpf_prog_aux", member)),
    ...copy("u32", r1, types.offset("btf", "id"), field),
  ];
}

function ifAny(offset: number | undefined, items: (offset: number) => AssemblyItem[]): AssemblyItem[] {
  return offset === undefined ? [] : items(offset);
}

/**
 * Each CPU counts by itself, and counts stay when nobody counts any more. Where a CPU's counters are, the difference tells
 * that is between where its value of a per-CPU array is and where the array says that all of them are: what the kernel
 * calls `__per_cpu_offset[cpu]`, which only kernels with CONFIG_KALLSYMS_ALL have a name for.
 */
function askIfItRan(types: KernelTypes, cpuMap: number): AssemblyItem[] {
  // In 5.10 they were the aux struct's.
  const ofProgram = types.offsetIfAny("bpf_prog", "stats");
  const [base, offset] = ofProgram === undefined ? [r8, types.offset("bpf_prog_aux", "stats")] : [r7, ofProgram];
  const cnt = types.offset("bpf_prog_stats", "cnt");
  const misses = types.offset("bpf_prog_stats", "misses");
  return [
    ...readKernel(COUNTERS_AT, 8, base, offset),
    ...[ldMapFd(r1, cpuMap), ...addressOf(r1, VALUE_AT), ldx("u64", r3, r10, VALUE_AT)],
    ...readKernelAt(VALUE_AT, 8, types.offset("bpf_array", "pptrs")),
    ...possibleCpuIds().flatMap((cpu) => [
      ...[ldMapFd(r1, cpuMap), mov(r2, r10), add(r2, ZERO), mov(r3, cpu)],
      ...[callHelper("bpf_map_lookup_percpu_elem"), jeq(r0, 0, "ask")],
      ...[...addressOf(r0, COUNTERS), ldx("u64", r3, r10, COUNTERS)],
      ...[ldx("u64", r1, r10, VALUE_AT), sub(r3, r1)],
      ...[ldx("u64", r1, r10, COUNTERS_AT), add(r3, r1)],
      ...readKernelAt(COUNTERS, Math.max(cnt, misses) + 8, 0),
      ...[ldx("u64", r1, r10, COUNTERS + cnt), jne(r1, 0, "ask")],
      ...[ldx("u64", r1, r10, COUNTERS + misses), jne(r1, 0, "ask")],
    ]),
  ];
}

/** Puts a pointer on the stack as a number: as what is read at an address, of which the verifier knows nothing. */
function addressOf(pointer: Register, place: number): AssemblyItem[] {
  return [stx("u64", r10, pointer, POINTER), ...readKernel(place, 8, r10, POINTER)];
}

/** The kernel changes the array of maps by putting another in its place: what was read is right if it is still there. */
function readMaps(types: KernelTypes): AssemblyItem[] {
  const array = types.offset("bpf_prog_aux", "used_maps");
  return [
    ldx("u32", r9, r8, types.offset("bpf_prog_aux", "used_map_cnt")),
    stx("u32", r10, r9, RECORD + IteratedRecord.nr_maps),
    jgt(r9, RECORD_MAPS, "ask"),
    jeq(r9, 0, "write"),
    ...readKernel(MAPS_AT, 8, r8, array),
    ...[ldx("u64", r3, r10, MAPS_AT), mov(r1, r10), add(r1, MAPS), mov(r2, r9), lsh(r2, 3)],
    callHelper("bpf_probe_read_kernel"),
    ...Array.from({ length: RECORD_MAPS }, (_, i) => [
      jle(r9, i, "maps read"),
      ldx("u64", r3, r10, MAPS + 8 * i),
      ...readKernelAt(RECORD + IteratedRecord.map_ids + 4 * i, 4, types.offset("bpf_map", "id")),
    ]).flat(),
    label("maps read"),
    ...readKernel(COUNTERS, 8, r8, array),
    ...[ldx("u64", r1, r10, COUNTERS), ldx("u64", r2, r10, MAPS_AT), jne(r1, r2, "ask")],
  ];
}
