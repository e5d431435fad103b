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
import { type KernelTypes, type ObjectKind, OwnIterator, readKernel, writeRecord } from "../../kernel/index.ts";
import { kernelAtLeast } from "../../sys/index.ts";
import { BpfLinkType } from "../../uapi/index.ts";
import { FILE_KINDS, type OpenObject } from "./proc-search.ts";

/** An open file of a BPF object, as the iterator program reports it. */
export interface IteratedHolder extends OpenObject {
  /** The cookie of a perf event link; undefined for other objects. */
  readonly cookie: bigint | undefined;
}

/**
 * Lists all open files of BPF objects of a kind. Loads an iterator program, which the kernel runs for each open file
 * (5.8). If the iterator cannot run, throws the errors of {@link OwnIterator}.
 */
export function iterateHolders(kind: ObjectKind): IteratedHolder[] {
  using iterator = new OwnIterator({
    target: "task_file",
    since: "5.8",
    name: "bpfts_holders",
    code: (types) => holderProgram(types, kind),
    recordSize: HolderRecord.size,
  });
  const own = { program: iterator.programId, map: 0, link: iterator.linkId, btf: 0 }[kind];
  const entries: IteratedHolder[] = [];
  for (const { bytes, at } of iterator.records()) {
    const id = bytes.getUint32(at + HolderRecord.id, true);
    if (id === own) continue;
    entries.push({
      pid: bytes.getUint32(at + HolderRecord.pid, true),
      id,
      cookie:
        bytes.getUint32(at + HolderRecord.has_cookie, true) === 0
          ? undefined
          : bytes.getBigUint64(at + HolderRecord.cookie, true),
    });
  }
  return entries;
}

/**
 * The offsets of the fields in a record. The iterator program writes a record for each open file of the wanted kind.
 */
const HolderRecord = {
  /** A u32: the id of the process. */
  pid: 0,
  /** A u32: the id of the BPF object. */
  id: 4,
  /** A u64: the cookie of a perf event link; 0 for other objects. */
  cookie: 8,
  /** A u32: 1 if `cookie` is valid. */
  has_cookie: 16,
  size: 24,
} as const;

// ANON_INODE_FS_MAGIC is from include/uapi/linux/magic.h. CONTEXT has offsets in struct bpf_iter__task_file.
const ANON_INODE_FS_MAGIC = 0x09041934;
const CONTEXT = { task: 8, file: 24 };
/** Three offsets on the stack: of the record, of a pointer that was read from the kernel, and of the file's name. */
const RECORD = -HolderRecord.size;
const POINTER = RECORD - 8;
const NAME = POINTER - 16;
const NAME_SIZE = 16;

/**
 * Returns true if the iterator program must read the cookies of perf event links. Since 6.9, the link's info contains
 * the cookie.
 */
function readsCookie(kind: ObjectKind): boolean {
  return kind === "link" && !kernelAtLeast(6, 9);
}

/**
 * Assembles a program for the iterator `task_file` (5.8). The program writes a {@link HolderRecord} for each open file
 * of a BPF object of one kind. It recognizes such a file by its name, which is also shown in /proc/PID/fd. This name is
 * reliable, because only the kernel gives names to anonymous inodes. bpftool's iterator program instead compares
 * addresses of symbols such as `bpf_prog_fops`. /proc/kallsyms contains these symbols only with CONFIG_KALLSYMS_ALL.
 */
function holderProgram(types: KernelTypes, kind: ObjectKind): Uint8Array {
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
    // All names have the same length, so the program compares a fixed number of bytes.
    ldImm64(r2, bytesOf(names[0] as string, 8)),
    jne(r1, r2, "out"),
  ];
}

/**
 * Returns code that ends the program here. A jump to `out` would do the same, but the verifier would then have to check
 * the code at `out` for one more path.
 */
function leave(): AssemblyItem[] {
  return [mov(r0, 0), exit()];
}

/** Returns eight bytes of a zero-padded text as a little-endian number. koffi runs on little-endian machines only. */
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

/**
 * Returns code that reads the cookie of a perf event link from the kernel's struct for the perf event. Not needed since
 * 6.9, where the link's info contains the cookie.
 */
function readCookie(types: KernelTypes): AssemblyItem[] {
  // Kernels before 5.15 have no perf event links.
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
