import { Errno, SyscallError, UsageError } from "../../errors/index.ts";
import { type OptionTable, required } from "../../kernel/index.ts";
import type { Program } from "../../program/index.ts";
import { progAttach, progDetach, queryHooks } from "../../sys/index.ts";
import { attachTypeName, BpfAttachFlag, type BpfAttachType } from "../../uapi/index.ts";
import { POSITION_OPTIONS, type Position, withAttachPosition } from "../anchor.ts";
import { type AttachTypeName, checkArguments, resolveAttachType } from "../attach-arguments.ts";
import { explained } from "../hook.ts";
import { withCgroup } from "./cgroup-fd.ts";
import { cgroupHook } from "./cgroup-hook.ts";
import { queryCgroup } from "./query.ts";

/** The cgroup and the hook to which a program is attached. */
export interface CgroupPlace {
  /** The path of a directory in a cgroup v2 hierarchy. */
  readonly cgroup: string;
  /** `cgroup_inet_egress`, … Default: the attach type that the program was loaded for. */
  readonly attachType?: AttachTypeName | undefined;
}

/** The option table of a {@link CgroupPlace}. Functions that take a cgroup include it in their own table. */
export const CGROUP_OPTIONS: OptionTable<CgroupPlace> = { cgroup: required("text"), attachType: "any" };

/** Where and how to attach a program to a cgroup without a link. */
export interface AttachProgramOptions extends CgroupPlace, Position {
  /** Allows more programs at this cgroup and at its descendants. All of them run (BPF_F_ALLOW_MULTI, 4.15). */
  readonly multi?: boolean | undefined;
  /**
   * Allows a descendant cgroup to attach its own program. There it runs instead of this one (BPF_F_ALLOW_OVERRIDE).
   */
  readonly override?: boolean | undefined;
  /**
   * With `multi`: the program runs before all programs without this flag. Among the programs with this flag, those of
   * ancestor cgroups run first (6.15).
   */
  readonly preorder?: boolean | undefined;
  /** With `multi`: the attached program to replace (5.6). An anchor with `replace` does the same. */
  readonly replace?: Program | undefined;
}

const ATTACH_OPTIONS: OptionTable<AttachProgramOptions> = {
  ...CGROUP_OPTIONS,
  ...POSITION_OPTIONS,
  multi: "boolean",
  override: "boolean",
  preorder: "boolean",
  replace: "object",
};

/**
 * Attaches a program to a cgroup without a link (4.10). The program stays attached until it is detached or the cgroup
 * is removed. Without `multi` and `override`, the hook takes one program: a second program replaces the first, and
 * descendant cgroups cannot attach any. The neighbour in an `anchor` must also be attached without a link. Throws
 * SyscallError if another attachment forbids this one, and NotSupportedError if the kernel does not have the hook or
 * does not support `anchor`.
 */
export function attachProgram(program: Program, options: AttachProgramOptions): void {
  checkArguments("attachProgram", program, options, ATTACH_OPTIONS);
  const attachType = resolveAttachType(options.attachType, program);
  const position = positionOf(options);
  const flags = attachFlagsOf(options, position);
  const { cgroup } = options;
  withCgroup(cgroup, ({ fd }) =>
    withAttachPosition(position, flags, (where) => {
      const attachFlags = where.attach_flags ?? 0;
      const hook = cgroupHook({ program, cgroup, fd, attachType, attachFlags, position, byLink: false });
      explained(program, hook, () => progAttach(program.fd, fd, attachType, where));
    }),
  );
}

/** The hook to detach a program from, and the expected revision of the hook's list. */
export interface DetachProgramOptions extends CgroupPlace, Pick<Position, "expectedRevision"> {}

const DETACH_OPTIONS: OptionTable<DetachProgramOptions> = { ...CGROUP_OPTIONS, expectedRevision: "u64" };

/**
 * Detaches a program that was attached to a cgroup without a link. Throws UsageError if the program is not attached
 * there, or if a link attaches it. This check matters: at a hook without `multi`, the kernel ignores which program is
 * given and detaches the attached one.
 */
export function detachProgram(program: Program, place: DetachProgramOptions): void {
  checkArguments("detachProgram", program, place, DETACH_OPTIONS);
  const attachType = resolveAttachType(place.attachType, program);
  const { cgroup, expectedRevision: expected_revision } = place;
  withCgroup(cgroup, ({ fd }) => {
    requireAttached(program, fd, cgroup, attachType);
    const hook = cgroupHook({ program, cgroup, fd, attachType, attachFlags: 0, position: place, byLink: false });
    explained(program, hook, () => {
      try {
        progDetach(program.fd, fd, attachType, { expected_revision });
      } catch (error) {
        if (!(error instanceof SyscallError) || error.errno !== Errno.ENOENT) throw error;
        throw heldByLink(program, cgroup, attachType);
      }
    });
  });
}

function requireAttached(program: Program, fd: number, cgroup: string, attachType: BpfAttachType): void {
  const { attached, unknown, errno } = queryHooks(fd, [attachType]);
  const ids = attached.filter((_, i) => i % 3 === 2);
  // If the query failed or the kernel does not have the hook, call PROG_DETACH anyway: its error has the reason.
  if (errno !== 0 || unknown.length > 0 || ids.includes(program.id)) return;
  const name = attachTypeName(attachType) ?? attachType;
  const there =
    ids.length === 0 ? "nothing is" : ids.length === 1 ? `program ${ids[0]} is` : `programs ${ids.join(", ")} are`;
  throw new UsageError(`${program.what} is not attached to ${cgroup} as ${name}; ${there} attached there`);
}

/**
 * Returns the error for a program that a query found at the hook, but that PROG_DETACH did not find: a link attaches
 * it, so only the link can detach it.
 */
function heldByLink(program: Program, cgroup: string, attachType: BpfAttachType): UsageError {
  const { programs } = queryCgroup(cgroup, attachType, { details: true });
  const link = programs.find(({ id, linkId }) => id === program.id && linkId !== undefined)?.linkId;
  const name = attachTypeName(attachType) ?? attachType;
  const holder = link === undefined ? "a link" : `link ${link}`;
  return new UsageError(
    `${program.what} is attached to ${cgroup} as ${name} by ${holder}; detach or close the link instead`,
  );
}

function positionOf({ replace, anchor, expectedRevision }: AttachProgramOptions): Position {
  if (replace === undefined) return { anchor, expectedRevision };
  if (anchor !== undefined)
    throw new UsageError(
      "replace and anchor exclude each other: a program that replaces another one takes its place in the order",
    );
  return { anchor: { replace }, expectedRevision };
}

function attachFlagsOf({ multi, override, preorder }: AttachProgramOptions, { anchor }: Position): number {
  if (multi === true && override === true) {
    throw new UsageError(
      "multi and override exclude each other: with multi, programs of descendant cgroups run as well; with override, they run instead",
    );
  }
  // Without `multi`, the kernel (up to 7.2) silently ignores the place in the list.
  const needsMulti =
    typeof anchor === "object" && "replace" in anchor ? "replacing a program" : anchor && "the option 'anchor'";
  if (multi !== true && needsMulti !== undefined) throw new UsageError(`${needsMulti} needs the option 'multi'`);
  if (multi !== true && preorder === true) throw new UsageError("the option 'preorder' needs the option 'multi'");
  return (
    (multi === true ? BpfAttachFlag.BPF_F_ALLOW_MULTI : 0) |
    (override === true ? BpfAttachFlag.BPF_F_ALLOW_OVERRIDE : 0) |
    (preorder === true ? BpfAttachFlag.BPF_F_PREORDER : 0)
  );
}
