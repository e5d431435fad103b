import {
  type AssemblyItem,
  add,
  assemble,
  callHelper,
  exit,
  jeq,
  jne,
  label,
  ldImm64,
  ldx,
  mov,
  r0,
  r1,
  r2,
  r3,
  r6,
  r7,
  r8,
  r9,
  r10,
  st,
  stx,
} from "../../asm/index.ts";
import { BtfKind } from "../../btf/index.ts";
import type { KernelTypes, ObjectKind } from "../../kernel/index.ts";
import { readKernel, writeRecord } from "../../kernel/index.ts";
import { kernelAtLeast } from "../../sys/index.ts";
import { BpfLinkType } from "../../uapi/index.ts";
import { FILE_KINDS } from "./proc-search.ts";

/** What the program writes for each open file of the wanted kind: the offsets of its fields. */
export const HolderRecord = {
  /** u32. */
  pid: 0,
  /** u32. */
  id: 4,
  /** u64: the cookie of a perf event's link; for others 0. */
  cookie: 8,
  /** u32: 1 where `cookie` is one. */
  has_cookie: 16,
  size: 24,
} as const;

// include/uapi/linux/magic.h; struct bpf_iter__task_file.
const ANON_INODE_FS_MAGIC = 0x09041934;
const CONTEXT = { task: 8, file: 24 };
/** The stack, from its top: the record, a pointer read from the kernel, the file's name. */
const RECORD = -HolderRecord.size;
const POINTER = RECORD - 8;
const NAME = POINTER - 16;
const NAME_SIZE = 16;

/** Where the kernel does not tell the cookie of a perf event's link itself (6.9). */
function readsCookie(kind: ObjectKind): boolean {
  return kind === "link" && !kernelAtLeast(6, 9);
}

/**
 * A program for the iterator `task_file` (5.8) that writes a {@link HolderRecord} for each open file of a BPF object of one
 * kind. bpftool's looks for the kernel's `bpf_prog_fops` in /proc/kallsyms, where it is only with CONFIG_KALLSYMS_ALL;
 * this one looks at what /proc/PID/fd shows, the file's name: in the file system of anonymous inodes nobody but the
 * kernel names files.
 */
export function holderProgram(types: KernelTypes, kind: ObjectKind): Uint8Array {
  return assemble([
    mov(r6, r1),
    ldx("u64", r7, r6, CONTEXT.file),
    jeq(r7, 0, "out"),
    ldx("u64", r8, r6, CONTEXT.task),
    jeq(r8, 0, "out"),
    ldx("u64", r1, r7, types.offset("file", "f_inode")),
    ldx("u64", r1, r1, types.offset("inode", "i_sb")),
    ldx("u64", r1, r1, types.offset("super_block", "s_magic")),
    jne(r1, ANON_INODE_FS_MAGIC, "out"),
    ...leaveUnlessNamed(types, FILE_KINDS[kind].names),
    ...[0, 4, 8, 12, 16, 20].map((at) => st("u32", r10, RECORD + at, 0)),
    ldx("u64", r9, r7, types.offset("file", "private_data")),
    ...readId(types, kind),
    ...(readsCookie(kind) ? readCookie(types) : []),
    ldx("u32", r1, r8, types.offset("task_struct", "tgid")),
    stx("u32", r10, r1, RECORD + HolderRecord.pid),
    ...writeRecord(RECORD, HolderRecord.size),
    label("out"),
    mov(r0, 0),
    exit(),
  ]);
}

function leaveUnlessNamed(types: KernelTypes, names: readonly string[]): AssemblyItem[] {
  return [
    ldx("u64", r3, r7, types.offset("file", "f_path", "dentry")),
    ldx("u64", r3, r3, types.offset("dentry", "d_name", "name")),
    st("u64", r10, NAME, 0),
    st("u64", r10, NAME + 8, 0),
    mov(r1, r10),
    add(r1, NAME),
    mov(r2, NAME_SIZE),
    callHelper("bpf_probe_read_kernel_str"),
    ldx("u64", r1, r10, NAME),
    ...names.flatMap((name) => [ldImm64(r2, bytesOf(name, 0)), jeq(r1, r2, "named")]),
    ...leave(),
    label("named"),
    ldx("u64", r1, r10, NAME + 8),
    // All names have the same length.
    ldImm64(r2, bytesOf(names[0] as string, 8)),
    jne(r1, r2, "out"),
  ];
}

/** Every jump to `out` would be one more path for the verifier to join; a way out in the middle is not. */
function leave(): AssemblyItem[] {
  return [mov(r0, 0), exit()];
}

/** Eight bytes of a text that is followed by zeros, as a little-endian number: every machine with koffi is. */
function bytesOf(text: string, from: number): bigint {
  const bytes = new DataView(new ArrayBuffer(NAME_SIZE));
  for (let i = 0; i < text.length; i++) bytes.setUint8(i, text.charCodeAt(i));
  return bytes.getBigUint64(from, true);
}

const STRUCTS = { map: "bpf_map", link: "bpf_link", btf: "btf" };

function readId(types: KernelTypes, kind: ObjectKind): AssemblyItem[] {
  const id = RECORD + HolderRecord.id;
  if (kind !== "program") {
    return readKernel(id, 4, r9, types.offset(STRUCTS[kind], "id"));
  }
  return [
    ...readKernel(POINTER, 8, r9, types.offset("bpf_prog", "aux")),
    ldx("u64", r1, r10, POINTER),
    ...readKernel(id, 4, r1, types.offset("bpf_prog_aux", "id")),
  ];
}

/** A perf event's link keeps its cookie in the event; the kernel tells it of itself from 6.9 on. */
function readCookie(types: KernelTypes): AssemblyItem[] {
  // Before 5.15 there are no such links.
  if (types.id("bpf_perf_link", BtfKind.STRUCT) === undefined) return [];
  return [
    ...readKernel(POINTER, 4, r9, types.offset("bpf_link", "type")),
    ldx("u32", r1, r10, POINTER),
    jne(r1, BpfLinkType.BPF_LINK_TYPE_PERF_EVENT, "no cookie"),
    st("u32", r10, RECORD + HolderRecord.has_cookie, 1),
    ...readKernel(POINTER, 8, r9, types.offset("bpf_perf_link", "perf_file")),
    ldx("u64", r1, r10, POINTER),
    ...readKernel(POINTER, 8, r1, types.offset("file", "private_data")),
    ldx("u64", r1, r10, POINTER),
    ...readKernel(RECORD + HolderRecord.cookie, 8, r1, types.offset("perf_event", "bpf_cookie")),
    label("no cookie"),
  ];
}
