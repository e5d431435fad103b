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
import { array, bytes, chars, flag, struct, u32, u64 } from "../../layout/index.ts";
import { possibleCpuIds } from "../../sys/index.ts";
import { BPF_OBJ_NAME_LEN, BPF_TAG_SIZE } from "../../uapi/index.ts";

/** If a program has more maps than this, its record is incomplete. */
const MOST_MAPS = 8;

/**
 * The record that the iterator program writes for each loaded program. A field from `bpf_prog_info` has the same name
 * as there.
 */
export const IteratedProgram = struct({
  id: u32,
  /** 1 if the iterator program could not read everything. The loaded program must then be read by system calls. */
  incomplete: u32,
  type: u32,
  xlated_prog_len: u32,
  jited_prog_len: u32,
  /** The number of memory pages that the program takes. */
  pages: u32,
  created_by_uid: u32,
  btf_id: u32,
  load_time: u64,
  verified_insns: u32,
  attach_btf_id: u32,
  attach_btf_obj_id: u32,
  nr_map_ids: u32,
  tag: bytes(BPF_TAG_SIZE),
  name: chars(BPF_OBJ_NAME_LEN),
  map_ids: array(u32, MOST_MAPS),
  gpl_compatible: flag,
});

const { offsets: at, size: RECORD_SIZE } = IteratedProgram;

/** The offset of the program in struct bpf_iter__bpf_prog. */
const CONTEXT_PROG = 8;

// Offsets on the stack, relative to r10.
const RECORD = -RECORD_SIZE;
/** Two places on the stack: the pointers to the program's maps, and the address of the array of these pointers. */
const MAPS = RECORD - 8 * MOST_MAPS;
const MAPS_AT = MAPS - 8;
/** Two places on the stack: the run counters of one CPU, and the per-CPU pointer to the counters. */
const COUNTERS = MAPS_AT - 24;
const COUNTERS_AT = COUNTERS - 8;
/** A place on the stack: first for the address of `cpuMap`, then for the per-CPU pointer of the map's value. */
const VALUE_AT = COUNTERS_AT - 8;
const POINTER = VALUE_AT - 8;
const ZERO = POINTER - 8;
const STACK_SIZE = -ZERO;

/**
 * Assembles a program for the iterator `bpf_prog` (5.9), which writes an {@link IteratedProgram} for each loaded
 * program. The record has the same values as BPF_OBJ_GET_INFO_BY_FD (bpf_prog_get_info_by_fd) and /proc/self/fdinfo.
 * The iterator program marks a record as incomplete if it cannot compute a value of the record: if the loaded program
 * has subprograms, many maps or a long name, if it ran while runs were counted, or if it belongs to a network device.
 * `cpuMap` is the fd of a per-CPU array. The helper that reads such an array needs 5.19.
 */
export function programIterator(types: KernelTypes, cpuMap: number): Uint8Array {
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
    ...[ldx("u32", r1, r7, prog("len")), lsh(r1, 3), stx("u32", r10, r1, RECORD + at.xlated_prog_len)],
    ...copy("u32", r7, prog("jited_len"), "jited_prog_len"),
    ...copy("u16", r7, prog("pages"), "pages"),
    ...copyBit(types.bitOffset("bpf_prog", "gpl_compatible"), "gpl_compatible"),
    ...copy("u64", r8, aux("load_time"), "load_time"),
    ldx("u64", r1, r8, aux("user")),
    ...copy("u32", r1, types.offset("user_struct", "uid"), "created_by_uid"),
    ...copyId(types, "btf", "btf_id"),
    ...ifAny(types.offsetIfAny("bpf_prog_aux", "verified_insns"), (offset) =>
      copy("u32", r8, offset, "verified_insns"),
    ),
    ...copy("u32", r8, aux("attach_btf_id"), "attach_btf_id"),
    ...ifAny(types.offsetIfAny("bpf_prog_aux", "attach_btf"), () => copyId(types, "attach_btf", "attach_btf_obj_id")),
    ...readKernel(RECORD + at.tag, 8, r7, prog("tag")),
    ...readKernel(RECORD + at.name, BPF_OBJ_NAME_LEN, r8, aux("name")),
    // A name with 15 characters may be truncated. Only BTF has the whole name.
    ldx("u8", r1, r10, RECORD + at.name + BPF_OBJ_NAME_LEN - 2),
    jne(r1, 0, "ask"),
    ...readMaps(types),
    ja("write"),
    label("ask"),
    st("u32", r10, RECORD + at.incomplete, 1),
    label("write"),
    ...writeRecord(RECORD, RECORD_SIZE),
    label("out"),
    mov(r0, 0),
    exit(),
  ]);
}

type Field = keyof typeof at;

function copy(width: Width, from: Register, offset: number, field: Field): AssemblyItem[] {
  return [ldx(width, r1, from, offset), stx(width, r10, r1, RECORD + at[field])];
}

/** Returns code that copies a bit field of the program into the lowest bit of a field of the record. */
function copyBit(bit: number, field: Field): AssemblyItem[] {
  return [ldx("u8", r1, r7, bit >> 3), rsh(r1, bit & 7), stx("u8", r10, r1, RECORD + at[field])];
}

/**
 * Returns code that copies the id of a BTF that the program points to. Without BTF, the pointer is NULL and the code
 * copies 0.
 */
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
 * Returns code that jumps to "ask" if a run counter of any CPU is not zero. There the record is marked as incomplete.
 * (The counters keep their values when counting ends.) The address of a CPU's counters is the per-CPU pointer plus
 * `__per_cpu_offset[cpu]`. /proc/kallsyms has a symbol for this array of offsets only with CONFIG_KALLSYMS_ALL. So the
 * code computes the offset in another way: it takes the address of a CPU's value in the per-CPU array `cpuMap`, and
 * subtracts the per-CPU pointer of that value.
 */
function askIfItRan(types: KernelTypes, cpuMap: number): AssemblyItem[] {
  // In 5.10, the struct bpf_prog_aux has the member `stats`. Later, the struct bpf_prog has it.
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

/**
 * Returns code that stores a pointer on the stack as a plain number. bpf_probe_read_kernel() makes the copy. After a
 * copy by this helper, the verifier no longer treats the value as a pointer, so the program may calculate with it.
 */
function addressOf(pointer: Register, place: number): AssemblyItem[] {
  return [stx("u64", r10, pointer, POINTER), ...readKernel(place, 8, r10, POINTER)];
}

/**
 * Returns code that copies the ids of the program's maps. To change the array of maps, the kernel replaces it by a new
 * array. So the copy is correct if the program still points to the same array afterwards.
 */
function readMaps(types: KernelTypes): AssemblyItem[] {
  const array = types.offset("bpf_prog_aux", "used_maps");
  return [
    ldx("u32", r9, r8, types.offset("bpf_prog_aux", "used_map_cnt")),
    stx("u32", r10, r9, RECORD + at.nr_map_ids),
    jgt(r9, MOST_MAPS, "ask"),
    jeq(r9, 0, "write"),
    ...readKernel(MAPS_AT, 8, r8, array),
    ...[ldx("u64", r3, r10, MAPS_AT), mov(r1, r10), add(r1, MAPS), mov(r2, r9), lsh(r2, 3)],
    callHelper("bpf_probe_read_kernel"),
    ...Array.from({ length: MOST_MAPS }, (_, i) => [
      jle(r9, i, "maps read"),
      ldx("u64", r3, r10, MAPS + 8 * i),
      ...readKernelAt(RECORD + at.map_ids + 4 * i, 4, types.offset("bpf_map", "id")),
    ]).flat(),
    label("maps read"),
    ...readKernel(COUNTERS, 8, r8, array),
    ...[ldx("u64", r1, r10, COUNTERS), ldx("u64", r2, r10, MAPS_AT), jne(r1, r2, "ask")],
  ];
}
