import { closeSync, openSync, read, readSync } from "node:fs";
import { Errno, SyscallError, UsageError } from "../../errors/index.ts";
import { INSPECT, type Inspect, inspectObject, lackError, type OptionTable } from "../../kernel/index.ts";
import type { BpfMap } from "../../map/index.ts";
import type { Program } from "../../program/index.ts";
import { type IterTarget, iterCreate, linkCreate, nodeError, OwnedFd } from "../../sys/index.ts";
import { BpfAttachType, BpfCgroupIterOrder, BpfProgType } from "../../uapi/index.ts";
import { checkArguments } from "../attach-arguments.ts";
import { attach, type Hook, sectionOf } from "../hook.ts";
import type { LinkInfo } from "../info.ts";
import type { KernelLink, Link } from "../link.ts";

const ORDERS = {
  self: BpfCgroupIterOrder.BPF_CGROUP_ITER_SELF_ONLY,
  descendants_pre: BpfCgroupIterOrder.BPF_CGROUP_ITER_DESCENDANTS_PRE,
  descendants_post: BpfCgroupIterOrder.BPF_CGROUP_ITER_DESCENDANTS_POST,
  ancestors_up: BpfCgroupIterOrder.BPF_CGROUP_ITER_ANCESTORS_UP,
  children: BpfCgroupIterOrder.BPF_CGROUP_ITER_CHILDREN,
} as const;
/** The order in which an iterator walks cgroups. The order also decides which cgroups the iterator visits. */
export type CgroupOrder = keyof typeof ORDERS;

/**
 * The objects that an iterator walks over, if iterators of its kind take a parameter. Give at most one of the three.
 */
export interface IteratorPlace {
  /** For `iter/bpf_map_elem`, `iter/sockmap`, `iter/bpf_sk_storage_map`: the map (5.8). */
  readonly map?: BpfMap | undefined;
  /** For `iter/cgroup`: the cgroup where the walk starts, by path, fd or id, and the order (6.1). */
  readonly cgroup?: ({ readonly path: string } | { readonly fd: number } | { readonly id: bigint }) & {
    readonly order: CgroupOrder;
  };
  /** For `iter/task`, `iter/task_file`, `iter/task_vma`: one thread, or the threads of one process (6.1). */
  readonly task?: { readonly tid: number } | { readonly pid: number } | { readonly pidFd: number };
}

const OPTIONS: OptionTable<IteratorPlace> = { map: "object", cgroup: "object", task: "object" };

/**
 * Attaches an iterator program (`iter/…`, 5.8). The program runs when {@link openIterator} opens the link, or when its
 * pin is read. Without a `place`, the iterator walks over all objects of its kind.
 */
export function attachIterator(program: Program, place: IteratorPlace = {}): KernelLink {
  checkArguments("attachIterator", program, place, OPTIONS);
  const { map, cgroup, task } = place;
  if ([map, cgroup, task].filter((one) => one !== undefined).length > 1) {
    throw new UsageError(`${program.what}: give only one of the options map, cgroup and task`);
  }
  const name = sectionOf(program, "the iterator that it was loaded for");
  const hook: Hook = {
    name,
    programTypes: [BpfProgType.BPF_PROG_TYPE_TRACING],
    loadedFor: [BpfAttachType.BPF_TRACE_ITER],
    feature: cgroup !== undefined ? "iter:cgroup" : task !== undefined ? "iter:task_filter" : undefined,
    explain: ({ errno }) => reasonOf(errno, place, name),
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
    const link = attach(program, hook, () =>
      linkCreate(program.fd, 0, BpfAttachType.BPF_TRACE_ITER, isEmpty ? {} : { iter_info: target }),
    );
    const mistaken = isEmpty ? undefined : mistakenPlace(link.info(), place, name);
    if (mistaken === undefined) return link;
    link.close();
    throw mistaken;
  } finally {
    if (directory !== undefined) closeSync(directory);
  }
}

/**
 * Returns an error if the kernel accepted an {@link IteratorPlace} but does not use it as intended. The kernel ignores
 * the place for an iterator without parameters, and before 6.1 for task iterators. An iterator of another kind reads
 * the place as its own parameters.
 */
function mistakenPlace(info: LinkInfo, { map, cgroup, task }: IteratorPlace, name: string): Error | undefined {
  if (info.kind !== "iter") return undefined;
  const overTasks = info.targetName.startsWith("task");
  if (task !== undefined) {
    if (!overTasks) return new UsageError(`${name} does not walk over tasks; leave out the option 'task'`);
    const isTaken = (info.task?.tid ?? 0) !== 0 || (info.task?.pid ?? 0) !== 0;
    return isTaken ? undefined : lackError("iter:task_filter", {}, undefined);
  }
  const overCgroups = info.targetName === "cgroup";
  if (cgroup !== undefined && !overCgroups)
    return new UsageError(`${name} does not walk over cgroups; leave out the option 'cgroup'`);
  return map !== undefined && (overTasks || overCgroups)
    ? new UsageError(`${name} does not walk over a map; leave out the option 'map'`)
    : undefined;
}

function openCgroup(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw nodeError(error, path);
    throw new UsageError(`there is no cgroup ${path}`, { cause: error });
  }
}

function cgroupTarget(
  cgroup: NonNullable<IteratorPlace["cgroup"]>,
  directory: number | undefined,
): NonNullable<IterTarget["cgroup"]> {
  if (!Object.hasOwn(ORDERS, cgroup.order)) {
    throw new UsageError(`${cgroup.order} is not an order of cgroups; use one of ${Object.keys(ORDERS).join(", ")}`);
  }
  const order = ORDERS[cgroup.order];
  if ("id" in cgroup) return { order, cgroup_id: cgroup.id };
  return { order, cgroup_fd: "fd" in cgroup ? cgroup.fd : (directory as number) };
}

function reasonOf(errno: number, { map, cgroup, task }: IteratorPlace, name: string): string | undefined {
  if (errno === Errno.EBADF && map === undefined && cgroup === undefined && task === undefined) {
    return `${name} walks over the elements of a map; give this map in the option 'map'`;
  }
  if (errno === Errno.EBADF && cgroup !== undefined) return "the given path or fd is not a cgroup of version 2";
  if (errno === Errno.ENOENT && cgroup !== undefined) return "there is no such cgroup";
  if ((errno === Errno.ESRCH || errno === Errno.ENOENT) && task !== undefined) return "there is no such task";
  if (errno === Errno.EINVAL && map !== undefined) {
    return `it cannot walk over ${map.what}, which is of type ${map.typeName}`;
  }
  if (errno === Errno.EACCES && map !== undefined) {
    return `the program accesses more bytes than the keys or values of ${map.what} have, or it writes to a key or value that it may only read`;
  }
  return undefined;
}

const CHUNK = 64 * 1024;

/**
 * One run of an iterator. It reads what the program writes with bpf_seq_write and bpf_seq_printf. The output can be
 * read as bytes or text, all at once or piece by piece. A run can be read only once. `close()` ends it.
 */
export class IteratorRun implements Disposable {
  readonly #fd: OwnedFd;

  constructor(fd: OwnedFd) {
    this.#fd = fd;
  }

  /** Reads the rest of the output as bytes. */
  readAll(): Uint8Array {
    const chunks: Uint8Array[] = [];
    for (;;) {
      const chunk = new Uint8Array(CHUNK);
      const length = this.#read(chunk);
      if (length === 0) return Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, length));
    }
  }

  /** Reads the rest of the output as UTF-8 text. */
  readText(): string {
    return new TextDecoder().decode(this.readAll());
  }

  /**
   * Yields the bytes as the program writes them, without blocking Node's event loop. Closes the run at its end, and
   * also when the caller leaves the loop.
   */
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

  /** Yields the lines of text as the program writes them, without their newlines. Closes the run like {@link bytes}. */
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

  get closed(): boolean {
    return this.#fd.closed;
  }

  close(): void {
    this.#fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspectObject("IteratorRun", { what: this.#fd.what, closed: this.closed }, options, inspect);
  }

  #read(chunk: Uint8Array): number {
    for (;;) {
      try {
        return readSync(this.#fd.number, chunk);
      } catch (error) {
        if (!isAgain(error)) throw nodeError(error, "iterator");
      }
    }
  }
}

function readInPool(fd: number, chunk: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, chunk, 0, chunk.length, null, (error, length) => {
      if (error === null) resolve(length);
      else if (isAgain(error)) resolve(readInPool(fd, chunk));
      else reject(nodeError(error, "iterator"));
    });
  });
}

/** Returns true for EAGAIN. The kernel returns EAGAIN after a million objects for which the program wrote nothing. */
function isAgain(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EAGAIN" || code === "EINTR";
}

/** Starts a run of an iterator link. {@link attachIterator} or {@link openLink} returns such a link. */
export function openIterator(link: Link): IteratorRun {
  if (typeof link !== "object" || link === null || !("typeName" in link && "info" in link && "detach" in link)) {
    throw new UsageError("openIterator needs a link; attachIterator(program) returns one");
  }
  try {
    return new IteratorRun(new OwnedFd(iterCreate(link.fd), `iterator of ${link.what}`));
  } catch (error) {
    if (!(error instanceof SyscallError) || error.errno !== Errno.EINVAL || link.typeName === "iter") throw error;
    throw new UsageError(`${link.what} is of kind ${link.typeName}, not an iterator`, { cause: error });
  }
}
