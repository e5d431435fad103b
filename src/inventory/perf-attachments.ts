import { Errno, SyscallError } from "../errors/index.ts";
import { openFiles, type TaskFdInfo, taskFdQuery } from "../sys/index.ts";
import { BpfTaskFdType } from "../uapi/index.ts";
import { FILE_KINDS } from "./holders/proc-search.ts";

/**
 * A program that a process has attached to a perf event or to a raw tracepoint, and the process's fd that keeps the
 * program attached.
 */
export type PerfAttachment = {
  /** The id of the process. If a thread has its own file table, the id of this thread. */
  readonly pid: number;
  readonly fd: number;
  readonly progId: number;
} & PerfAttachmentPlace;

/** Where a program of a {@link PerfAttachment} runs. */
export type PerfAttachmentPlace =
  | { readonly kind: "raw_tracepoint" | "tracepoint"; readonly tracepoint: string }
  | { readonly kind: "kprobe" | "kretprobe"; readonly func: string; readonly offset: bigint }
  /** A probe that was placed at an address. `address` is 0 if the kernel hides addresses. */
  | { readonly kind: "kprobe" | "kretprobe"; readonly address: bigint }
  | { readonly kind: "uprobe" | "uretprobe"; readonly path: string; readonly offset: bigint }
  /** A kind that this version does not know. */
  | { readonly kind: "unknown"; readonly type: number };

/**
 * What readlink(2) returns in /proc/PID/fd for files that may have such a program: perf events and BPF links. Of the
 * BPF links, the kernel reports only the links to raw tracepoints (bpf_task_fd_query in kernel/bpf/syscall.c).
 */
const TARGETS = [...FILE_KINDS.link.names, "[perf_event]"].map((name) => `anon_inode:${name}`);

/**
 * Lists the programs that processes have attached to raw tracepoints, and by perf events to tracepoints, kprobes and
 * uprobes. Programs that are attached by other links are not listed. Sorted by process and fd. Needs CAP_SYS_ADMIN.
 */
export function perfAttachments(): PerfAttachment[] {
  // Query any file of this process first, so that a missing capability is an error even if there is nothing to list.
  query(process.pid, 0);
  return openFiles(TARGETS).flatMap(({ task, fd }) => {
    const info = query(task, fd);
    return info === undefined ? [] : [{ pid: task, fd, progId: info.prog_id, ...placeOf(info) }];
  });
}

/** The errnos for a process that has ended and for a file that is closed. */
const GONE: ReadonlySet<number> = new Set([Errno.ENOENT, Errno.ESRCH, Errno.EBADF]);

function query(task: number, fd: number): TaskFdInfo | undefined {
  try {
    return taskFdQuery(task, fd);
  } catch (error) {
    if (error instanceof SyscallError && GONE.has(error.errno)) return undefined;
    throw error;
  }
}

function placeOf({ fd_type, name, probe_offset, probe_addr }: TaskFdInfo): PerfAttachmentPlace {
  const kprobe = (kind: "kprobe" | "kretprobe"): PerfAttachmentPlace =>
    name === "" ? { kind, address: probe_addr } : { kind, func: name, offset: probe_offset };
  switch (fd_type) {
    case BpfTaskFdType.BPF_FD_TYPE_RAW_TRACEPOINT:
      return { kind: "raw_tracepoint", tracepoint: name };
    case BpfTaskFdType.BPF_FD_TYPE_TRACEPOINT:
      return { kind: "tracepoint", tracepoint: name };
    case BpfTaskFdType.BPF_FD_TYPE_KPROBE:
      return kprobe("kprobe");
    case BpfTaskFdType.BPF_FD_TYPE_KRETPROBE:
      return kprobe("kretprobe");
    case BpfTaskFdType.BPF_FD_TYPE_UPROBE:
      return { kind: "uprobe", path: name, offset: probe_offset };
    case BpfTaskFdType.BPF_FD_TYPE_URETPROBE:
      return { kind: "uretprobe", path: name, offset: probe_offset };
    default:
      return { kind: "unknown", type: fd_type };
  }
}
