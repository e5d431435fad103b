import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { Errno, SyscallError } from "../../errors/index.ts";
import { checkOptions, type OptionTable } from "../../kernel/index.ts";
import { withoutEndSlashes } from "../../layout/index.ts";
import { type CgroupDirectory, childCgroups, closeFd, isCgroup2, openCgroup } from "../../sys/index.ts";
import { CGROUP_ATTACH_TYPES } from "./attach-types.ts";
import { cannotOpen, notACgroup, queryError } from "./cgroup-fd.ts";
import { type CgroupProgram, CgroupReader } from "./cgroup-reader.ts";
import { CgroupDetails } from "./details.ts";
import { type CgroupQueryOptions, QUERY_OPTIONS } from "./query.ts";

/** A cgroup that a walk returns. */
export interface Cgroup {
  readonly path: string;
  /** The depth of the cgroup. The cgroup where the walk begins has the depth 0. */
  readonly level: number;
  /** The kernel's id of the cgroup. */
  readonly id: bigint;
  /** The programs of all hooks of this cgroup. The hooks are in bpftool's order. */
  readonly programs: readonly CgroupProgram[];
}

/** Options of {@link walkCgroups}. */
export interface WalkCgroupsOptions extends CgroupQueryOptions {
  /**
   * Returns true to skip a cgroup and its descendants. This function is not called for the cgroup where the walk
   * begins.
   */
  readonly except?: ((path: string) => boolean) | undefined;
}

/**
 * The walk looks up the loaded programs only if it would make at least this many queries for each loaded program.
 * Looking up one program takes four system calls. The lookup can save one query for each hook of each cgroup.
 */
const QUESTIONS_PER_PROGRAM = 16;

/**
 * Yields a cgroup and its descendants, each with its programs. Parents come before their children, and children
 * are in the order of the file system. Each step of the iteration reads one cgroup. Skips cgroups that are removed
 * during the walk. Does not enter other file systems. Throws UsageError if `root` is not a cgroup. Linux 4.15; needs
 * CAP_NET_ADMIN.
 */
export function walkCgroups(root: string, options: WalkCgroupsOptions = {}): Generator<Cgroup, void, undefined> {
  checkOptions("walkCgroups", options, OPTIONS);
  return walk(root, options);
}

const OPTIONS: OptionTable<WalkCgroupsOptions> = { ...QUERY_OPTIONS, except: "function" };

function* walk(root: string, options: WalkCgroupsOptions): Generator<Cgroup, void, undefined> {
  const effective = options.effective === true;
  const details = options.details === true ? new CgroupDetails() : undefined;
  const reader = new CgroupReader({ effective });
  const top = openTop(root);
  try {
    reader.leaveOutUnloaded((descendants(root) * CGROUP_ATTACH_TYPES.length) / QUESTIONS_PER_PROGRAM);
  } catch (error) {
    closeFd(top.fd);
    throw error;
  }
  const stack: { names: string[]; path: string }[] = [];
  for (let next: Step | undefined = { path: withoutSlash(root), directory: top }; next !== undefined; ) {
    const { path, directory } = next;
    const level = stack.length;
    let programs: CgroupProgram[] | undefined;
    try {
      programs = programsOf(path, level, directory, reader);
      if (programs !== undefined && directory.children > 0) {
        stack.push({ names: childCgroups(directory.fd).reverse(), path });
      }
    } finally {
      closeFd(directory.fd);
    }
    if (programs !== undefined) {
      if (details !== undefined) {
        programs = effective ? details.ofEffective(path, programs) : details.ofOwn(path, programs);
      }
      yield { path, level, id: directory.id, programs };
    }
    next = nextOf(stack, top.device, options.except);
  }
}

interface Step {
  readonly path: string;
  readonly directory: CgroupDirectory;
}

function openTop(root: string): CgroupDirectory {
  const top = openCgroup(root);
  if (typeof top === "number") throw cannotOpen(root, -top);
  if (isCgroup2(root)) return top;
  closeFd(top.fd);
  throw notACgroup(root);
}

/**
 * Returns the programs of a cgroup. Returns undefined if the cgroup was removed or the directory is not a cgroup; at
 * the root of the walk, throws instead.
 */
function programsOf(
  path: string,
  level: number,
  directory: CgroupDirectory,
  reader: CgroupReader,
): CgroupProgram[] | undefined {
  const answer = reader.read(directory.fd);
  if ("programs" in answer) return answer.programs;
  if (level > 0 && (answer.gone || answer.errno === Errno.EBADF)) return undefined;
  throw queryError(path, answer.errno);
}

/** Opens the next directory of the walk. Skips directories that are gone. */
function nextOf(
  stack: { names: string[]; path: string }[],
  device: number,
  except: WalkCgroupsOptions["except"],
): Step | undefined {
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const name = top.names.pop();
    if (name === undefined) {
      stack.pop();
      continue;
    }
    const path = `${top.path}/${name}`;
    if (except?.(path) === true) continue;
    const directory = openCgroup(path);
    if (typeof directory === "number") {
      if (isNotThere(-directory)) continue;
      throw new SyscallError({ call: "open", errno: -directory, subject: path });
    }
    if (directory.device === device) return { path, directory };
    closeFd(directory.fd);
  }
  return undefined;
}

function isNotThere(errno: number): boolean {
  return errno === Errno.ENOENT || errno === Errno.ENODEV || errno === Errno.ENOTDIR || errno === Errno.ENXIO;
}

/** Returns the kernel's count of the descendants of `root`. */
function descendants(root: string): number {
  try {
    const found = /^nr_descendants (\d+)$/m.exec(readFileSync(`${root}/cgroup.stat`, "utf8"));
    return Number(found?.[1] ?? 0) + 1;
  } catch {
    return 1;
  }
}

function withoutSlash(path: string): string {
  return basename(path) === "" ? path : withoutEndSlashes(path);
}
