import { closeSync, openSync, read, readSync } from "node:fs";
import { Errno, NotSupportedError, SyscallError, UsageError } from "../../errors/index.ts";
import type { BpfMap } from "../../map/index.ts";
import type { Program } from "../../program/index.ts";
import { type IterTarget, iterCreate, linkCreate, OwnedFd } from "../../sys/index.ts";
import { BpfAttachType, BpfCgroupIterOrder, BpfProgType } from "../../uapi/index.ts";
import type { LinkInfo } from "../info.ts";
import { type Link, newLink } from "../link.ts";
import { explained, type Refusal, requireType, sectionOf } from "../refusal.ts";

/** In which order, and how far, an iterator walks cgroups. */
export type CgroupOrder = "self" | "descendants_pre" | "descendants_post" | "ancestors_up" | "children";

/** What an iterator walks over, where its kind takes anything: one of the three. */
export interface IteratorPlace {
  /** For `iter/bpf_map_elem`, `iter/sockmap`, `iter/bpf_sk_storage_map`: the map (5.8). */
  readonly map?: BpfMap | undefined;
  /** For `iter/cgroup`: where it starts, by path, fd or id, and how it goes on (6.1). */
  readonly cgroup?: ({ readonly path: string } | { readonly fd: number } | { readonly id: bigint }) & {
    readonly order: CgroupOrder;
  };
  /** For `iter/task`, `iter/task_file`, `iter/task_vma`: one thread, or the threads of one process (6.1). */
  readonly task?: { readonly tid: number } | { readonly pid: number } | { readonly pidFd: number };
}

/**
 * Attaches an iterator program (`iter/…`, 5.8). Nothing runs until the link is opened by {@link openIterator}, or read
 * at the path where it is pinned. Without a place it walks over all that there is.
 */
export function attachIterator(program: Program, place: IteratorPlace = {}): Link {
  requireType(program, "an iterator", BpfProgType.BPF_PROG_TYPE_TRACING);
  const { map, cgroup, task } = place;
  if ([map, cgroup, task].filter((one) => one !== undefined).length > 1) {
    throw new UsageError(`${program.what}: an iterator walks over a map, cgroups or tasks, not over several of them`);
  }
  const hook = sectionOf(program, "an iterator");
  const refusal: Refusal = {
    hook,
    attachType: BpfAttachType.BPF_TRACE_ITER,
    since: cgroup !== undefined || task !== undefined ? [6, 1] : [5, 8],
    reasons: ({ errno }) => reason(errno, place, hook),
  };
  const path = cgroup !== undefined && "path" in cgroup ? cgroup.path : undefined;
  const directory = path === undefined ? undefined : openCgroup(path);
  try {
    const target: IterTarget = {
      ...(map === undefined ? {} : { map: { map_fd: map.fd } }),
      ...(cgroup === undefined ? {} : { cgroup: cgroupTarget(cgroup, directory) }),
      ...(task === undefined ? {} : { task: "pidFd" in task ? { pid_fd: task.pidFd } : task }),
    };
    const isEmpty = Object.keys(target).length === 0;
    const link = newLink(() =>
      explained(program, refusal, () =>
        linkCreate(program.fd, 0, BpfAttachType.BPF_TRACE_ITER, isEmpty ? {} : { iter_info: target }),
      ),
    );
    const mistaken = isEmpty ? undefined : mistakenPlace(link.info(), place, hook);
    if (mistaken === undefined) return link;
    link.close();
    throw mistaken;
  } finally {
    if (directory !== undefined) closeSync(directory);
  }
}

/**
 * The error for a place that the kernel took for something else: an iterator without parameters ignores them, those
 * over tasks before 6.1 too, and one of another kind reads them as its own.
 */
function mistakenPlace(info: LinkInfo, { map, cgroup, task }: IteratorPlace, hook: string): Error | undefined {
  if (info.kind !== "iter") return undefined;
  const overTasks = info.targetName.startsWith("task");
  if (task !== undefined) {
    if (!overTasks) return new UsageError(`${hook} does not walk over tasks`);
    const isTaken = (info.task?.tid ?? 0) !== 0 || (info.task?.pid ?? 0) !== 0;
    return isTaken ? undefined : new NotSupportedError({ feature: "iterators over one task", minVersion: "6.1" });
  }
  const overCgroups = info.targetName === "cgroup";
  if (cgroup !== undefined && !overCgroups) return new UsageError(`${hook} does not walk over cgroups`);
  return map !== undefined && (overTasks || overCgroups)
    ? new UsageError(`${hook} does not walk over a map`)
    : undefined;
}

function openCgroup(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new UsageError(`there is no cgroup ${path}`, { cause: error });
  }
}

const ORDERS: Readonly<Record<CgroupOrder, number>> = {
  self: BpfCgroupIterOrder.BPF_CGROUP_ITER_SELF_ONLY,
  descendants_pre: BpfCgroupIterOrder.BPF_CGROUP_ITER_DESCENDANTS_PRE,
  descendants_post: BpfCgroupIterOrder.BPF_CGROUP_ITER_DESCENDANTS_POST,
  ancestors_up: BpfCgroupIterOrder.BPF_CGROUP_ITER_ANCESTORS_UP,
  children: BpfCgroupIterOrder.BPF_CGROUP_ITER_CHILDREN,
};

function cgroupTarget(
  cgroup: NonNullable<IteratorPlace["cgroup"]>,
  directory: number | undefined,
): NonNullable<IterTarget["cgroup"]> {
  const order = ORDERS[cgroup.order];
  if (order === undefined) {
    throw new UsageError(`${cgroup.order} is no order of cgroups; there are ${Object.keys(ORDERS).join(", ")}`);
  }
  if ("id" in cgroup) return { order, cgroup_id: cgroup.id };
  return { order, cgroup_fd: "fd" in cgroup ? cgroup.fd : (directory as number) };
}

function reason(errno: number, { map, cgroup, task }: IteratorPlace, hook: string): string | undefined {
  if (errno === Errno.EBADF && map === undefined && cgroup === undefined && task === undefined) {
    return `${hook} walks over the elements of a map: say which`;
  }
  if (errno === Errno.EBADF && cgroup !== undefined) return "that is no cgroup v2";
  if (errno === Errno.ENOENT && cgroup !== undefined) return "there is no such cgroup";
  if ((errno === Errno.ESRCH || errno === Errno.ENOENT) && task !== undefined) return "there is no such task";
  if (errno === Errno.EINVAL && map !== undefined)
    return `${map.what} (${map.typeName}) is of a type that it cannot walk`;
  if (errno === Errno.EACCES && map !== undefined) {
    return `the program takes larger keys or values than ${map.what} has, or writes where it may only read`;
  }
  return undefined;
}

const CHUNK = 64 * 1024;

/**
 * One run of an iterator: what its program writes (bpf_seq_write, bpf_seq_printf), as bytes or as text, all at once or
 * as it comes. It is read once; `close()` ends it.
 */
export class IteratorRun implements Disposable {
  readonly #fd: OwnedFd;

  constructor(fd: OwnedFd) {
    this.#fd = fd;
  }

  /** The rest, as bytes. */
  readAll(): Uint8Array {
    const chunks: Uint8Array[] = [];
    for (;;) {
      const chunk = new Uint8Array(CHUNK);
      const length = this.#read(chunk);
      if (length === 0) return Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, length));
    }
  }

  /** The rest, as text in UTF-8. */
  readText(): string {
    return new TextDecoder().decode(this.readAll());
  }

  /** The bytes as they come, without blocking Node's event loop. Closes the run at its end, or when the loop is left. */
  async *bytes(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    try {
      for (;;) {
        const chunk = new Uint8Array(CHUNK);
        const length = await readInPool(this.#fd.number, chunk);
        if (length === 0) return;
        yield chunk.subarray(0, length);
      }
    } finally {
      this.close();
    }
  }

  /** The lines of text as they come, without their newlines. Closes the run like {@link bytes}. */
  async *lines(): AsyncGenerator<string, void, undefined> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of this.bytes()) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      yield* lines;
    }
    if (rest !== "") yield rest;
  }

  [Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    return this.lines();
  }

  close(): void {
    this.#fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #read(chunk: Uint8Array): number {
    for (;;) {
      try {
        return readSync(this.#fd.number, chunk);
      } catch (error) {
        if (!isAgain(error)) throw asSyscallError(error);
      }
    }
  }
}

function readInPool(fd: number, chunk: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, chunk, 0, chunk.length, null, (error, length) => {
      if (error === null) resolve(length);
      else if (isAgain(error)) resolve(readInPool(fd, chunk));
      else reject(asSyscallError(error));
    });
  });
}

/** After a million objects for which the program wrote nothing the kernel wants to be asked again. */
function isAgain(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EAGAIN" || code === "EINTR";
}

function asSyscallError(error: unknown): unknown {
  const { errno } = error as NodeJS.ErrnoException;
  if (errno === undefined) return error;
  return new SyscallError({ call: "read", errno: -errno, subject: "iterator" }, { cause: error });
}

/** Starts a run of an iterator: of a link that {@link attachIterator} made, or that was opened by id or pin. */
export function openIterator(link: Link): IteratorRun {
  try {
    return new IteratorRun(new OwnedFd(iterCreate(link.fd), `iterator of ${link.what}`));
  } catch (error) {
    if (!(error instanceof SyscallError) || error.errno !== Errno.EINVAL || link.typeName === "iter") throw error;
    throw new UsageError(`${link.what} is of kind ${link.typeName}, not an iterator`, { cause: error });
  }
}
