import { readSync, statSync } from "node:fs";
import { BtfKind } from "../../btf/index.ts";
import { NotSupportedError } from "../../errors/index.ts";
import { closeFd, iterCreate, linkCreate, linkHead, progLoad } from "../../sys/index.ts";
import { BpfAttachType, BpfProgType } from "../../uapi/index.ts";
import { kernelBtf } from "../kernel-btf.ts";
import type { ObjectKind } from "../kernel-object.ts";
import { HolderRecord, holderProgram, holderTypes } from "./holder-program.ts";
import { KernelTypes } from "./kernel-types.ts";

const ITERATOR = "bpf_iter_task_file";

/** An open file of a BPF object. */
export interface HolderEntry {
  readonly pid: number;
  readonly id: number;
  /** The cookie of a perf event's link; undefined for all else. */
  readonly cookie: bigint | undefined;
}

/** The inode of the first pid namespace (PROC_PID_INIT_INO), of which the kernel's own numbers of processes are. */
const INITIAL_PID_NAMESPACE = 0xeffffffc;
/** What the kernel gives at once (8 pages of its buffer). */
const READ_SIZE = 0x8000;

/**
 * All open files of a kind of objects, by a program of the kernel's iterator over them (5.8). Throws where that cannot
 * be: without BTF or capabilities, and in a pid namespace, whose numbers of processes the program does not know.
 */
export function iterateHolders(kind: ObjectKind): HolderEntry[] {
  if (statSync("/proc/self/ns/pid").ino !== INITIAL_PID_NAMESPACE) {
    throw new NotSupportedError({ feature: "the numbers of processes of this pid namespace" });
  }
  const types = new KernelTypes(kernelBtf(), [ITERATOR, ...holderTypes(kind)]);
  const attach_btf_id = types.id(ITERATOR, BtfKind.FUNC);
  if (attach_btf_id === undefined)
    throw new NotSupportedError({ feature: "iterators over open files", minVersion: "5.8" });
  const fds: number[] = [];
  const opened = (fd: number): number => {
    fds.push(fd);
    return fd;
  };
  try {
    const program = opened(
      progLoad({
        prog_type: BpfProgType.BPF_PROG_TYPE_TRACING,
        expected_attach_type: BpfAttachType.BPF_TRACE_ITER,
        attach_btf_id,
        prog_name: "bpfts_holders",
        insns: holderProgram(types, kind),
      }),
    );
    const link = opened(linkCreate(program, 0, BpfAttachType.BPF_TRACE_ITER));
    const entries = readEntries(opened(iterCreate(link)));
    const { id, prog_id } = linkHead(link);
    const own = { program: prog_id, map: 0, link: id, btf: 0 }[kind];
    return own === 0 ? entries : entries.filter((entry) => entry.id !== own);
  } finally {
    for (const fd of fds.reverse()) closeFd(fd);
  }
}

function readEntries(fd: number): HolderEntry[] {
  const entries: HolderEntry[] = [];
  const bytes = new DataView(new ArrayBuffer(READ_SIZE));
  const { pid, id, cookie, has_cookie, size } = HolderRecord;
  for (;;) {
    const length = readSome(fd, bytes);
    if (length === 0) return entries;
    // The kernel gives whole records.
    for (let at = 0; at + size <= length; at += size) {
      entries.push({
        pid: bytes.getUint32(at + pid, true),
        id: bytes.getUint32(at + id, true),
        cookie: bytes.getUint32(at + has_cookie, true) === 0 ? undefined : bytes.getBigUint64(at + cookie, true),
      });
    }
  }
}

/** After a million files without one to show the kernel says EAGAIN, so that a reader can be interrupted. */
function readSome(fd: number, bytes: DataView): number {
  for (;;) {
    try {
      return readSync(fd, bytes, 0, bytes.byteLength, null);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}
