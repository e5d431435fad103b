import { closeSync, openSync } from "node:fs";
import { BpfError, SyscallError, UsageError } from "../../errors/index.ts";
import { isCgroup2, linkCreate, type ProgQueryResult, progAttach, progDetach, progQuery } from "../../sys/index.ts";
import { attachTypeName, BpfAttachFlag, type BpfAttachType, BpfQueryFlag } from "../../uapi/index.ts";
import type { Program } from "../program/program.ts";
import { type AttachTypeName, resolveAttachType } from "./attach-type.ts";
import { type Link, newLink } from "./link.ts";

/** Where a program is attached to a cgroup. */
export interface CgroupPlace {
  /** Path of a directory in a cgroup v2 hierarchy. */
  readonly cgroup: string;
  /** `cgroup_inet_egress`, …; the program's own where left out. */
  readonly attachType?: AttachTypeName | undefined;
}

/** Attaches a program to a cgroup and those below it, by a link (5.7). Several programs may be attached so at once. */
export function attachCgroup(program: Program, place: CgroupPlace): Link {
  const type = resolveAttachType(place.attachType, program);
  return withCgroup(place.cgroup, (fd) =>
    newLink(() => explained(program, place.cgroup, type, () => linkCreate(program.fd, fd, type))),
  );
}

/** How a program is attached without a link: alone, or with `multi` or `override`. */
export interface AttachProgramOptions extends CgroupPlace {
  /** Cgroups below may attach programs of their own, which run as well (BPF_F_ALLOW_MULTI, 4.15). */
  readonly multi?: boolean | undefined;
  /** Cgroups below may attach a program of their own, which runs instead (BPF_F_ALLOW_OVERRIDE). */
  readonly override?: boolean | undefined;
  /** With `multi`: the program whose place this one takes (5.6). */
  readonly replace?: Program | undefined;
}

/** Attaches a program to a cgroup without a link (4.10): it stays until it is detached or the cgroup is removed. */
export function attachProgram(program: Program, options: AttachProgramOptions): void {
  const type = resolveAttachType(options.attachType, program);
  const flags =
    (options.multi === true ? BpfAttachFlag.BPF_F_ALLOW_MULTI : 0) |
    (options.override === true ? BpfAttachFlag.BPF_F_ALLOW_OVERRIDE : 0) |
    (options.replace === undefined ? 0 : BpfAttachFlag.BPF_F_REPLACE);
  withCgroup(options.cgroup, (fd) =>
    explained(program, options.cgroup, type, () =>
      progAttach(program.fd, fd, type, {
        attach_flags: flags,
        ...(options.replace === undefined ? {} : { replace_bpf_fd: options.replace.fd }),
      }),
    ),
  );
}

/** Takes a program that was attached without a link off a cgroup again. */
export function detachProgram(program: Program, place: CgroupPlace): void {
  const type = resolveAttachType(place.attachType, program);
  withCgroup(place.cgroup, (fd) => progDetach(program.fd, fd, type));
}

/** Which programs run at a hook of a cgroup, in their order; with `effective` also those of its ancestors. */
export function queryCgroup(
  cgroup: string,
  attachType: BpfAttachType,
  options: { effective?: boolean } = {},
): ProgQueryResult {
  const query_flags = options.effective === true ? BpfQueryFlag.BPF_F_QUERY_EFFECTIVE : 0;
  return withCgroup(cgroup, (fd) => progQuery(fd, attachType, { query_flags }));
}

function withCgroup<T>(path: string, use: (fd: number) => T): T {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new UsageError(`there is no cgroup ${path}`, { cause: error });
    throw error;
  }
  try {
    if (!isCgroup2(path)) throw new UsageError(`${path} is not in a cgroup v2 hierarchy`);
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

function explained<T>(program: Program, cgroup: string, type: BpfAttachType, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    const name = attachTypeName(type) ?? type;
    throw new BpfError(
      error.code,
      `${program.what} (${program.typeName}) cannot be attached to ${cgroup} as ${name}: ${error.message}`,
      { cause: error },
    );
  }
}
