import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { objectFds } from "../../kernel/index.ts";
import { closeFd, isCgroup2, linkHead, linkInfo, openCgroup } from "../../sys/index.ts";
import { BpfAttachFlag, BpfLinkType } from "../../uapi/index.ts";
import { type CgroupProgram, CgroupReader } from "./cgroup-reader.ts";

type Mutable = { -readonly [K in keyof CgroupProgram]: CgroupProgram[K] };

/**
 * Adds what the kernel's queries do not return: the link of each attachment, and the cgroup to which an effective
 * program is attached. Reads all links once. Queries each ancestor once, even if many of its descendants are shown.
 */
export class CgroupDetails {
  readonly #reader = new CgroupReader({ effective: false });
  readonly #own = new Map<string, readonly CgroupProgram[]>();
  #links: ReadonlyMap<string, readonly number[]> | undefined;

  /** Returns the programs that are attached to a cgroup itself, each with its link and cgroup. */
  ofOwn(path: string, programs: readonly CgroupProgram[]): CgroupProgram[] {
    const real = realPath(path);
    const directory = openCgroup(real);
    if (typeof directory === "number") return [...programs];
    closeFd(directory.fd);
    return this.#withLinks(real, directory.id, programs);
  }

  /** Returns the effective programs of a cgroup. Each has its link, cgroup and flags, if they can be determined. */
  ofEffective(path: string, programs: readonly CgroupProgram[]): CgroupProgram[] {
    const levels: (readonly CgroupProgram[])[] = [];
    for (let at = realPath(path); isCgroup2(at); at = dirname(at)) levels.push(this.#ownPrograms(at));
    const groups = new Map<string, CgroupProgram[]>();
    for (const program of programs) {
      const group = groups.get(hookKey(program));
      if (group === undefined) groups.set(hookKey(program), [program]);
      else group.push(program);
    }
    const found = new Map<CgroupProgram, CgroupProgram>();
    for (const [key, group] of groups) {
      const origins = matchOrigins(
        group.map(({ id }) => id),
        levels.map((level) => level.filter((program) => hookKey(program) === key)),
      );
      group.forEach((program, i) => {
        found.set(program, origins?.[i] ?? program);
      });
    }
    return programs.map((program) => found.get(program) ?? program);
  }

  #ownPrograms(path: string): readonly CgroupProgram[] {
    let own = this.#own.get(path);
    if (own === undefined) {
      own = this.#readOwn(path);
      this.#own.set(path, own);
    }
    return own;
  }

  #readOwn(path: string): readonly CgroupProgram[] {
    const directory = openCgroup(path);
    if (typeof directory === "number") return [];
    try {
      const answer = this.#reader.read(directory.fd);
      return "programs" in answer ? this.#withLinks(path, directory.id, answer.programs) : [];
    } finally {
      closeFd(directory.fd);
    }
  }

  /**
   * Adds the links to a cgroup's own programs. One hook can have the same program several times, with and without
   * links. The kernel does not tell these attachments apart. So the links are given to the first of these attachments,
   * the oldest link first.
   */
  #withLinks(cgroup: string, cgroupId: bigint, programs: readonly CgroupProgram[]): CgroupProgram[] {
    this.#links ??= cgroupLinks();
    const given = new Map<string, number>();
    return programs.map((program) => {
      const key = `${cgroupId} ${program.attachType} ${program.id}`;
      const before = given.get(key) ?? 0;
      given.set(key, before + 1);
      return { ...program, linkId: this.#links?.get(key)?.[before], cgroup };
    });
  }
}

/** Returns the ids of the cgroup links, by cgroup, attach type and program. */
function cgroupLinks(): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const fd of objectFds("link")) {
    if (linkHead(fd).type !== BpfLinkType.BPF_LINK_TYPE_CGROUP) continue;
    const info = linkInfo(fd);
    if (info.kind !== "cgroup") continue;
    const key = `${info.cgroup_id} ${info.attach_type} ${info.prog_id}`;
    found.set(key, [...(found.get(key) ?? []), info.id]);
  }
  return found;
}

/**
 * Returns a key for the hook of a program. All lsm_cgroup programs share one attach type, but each LSM function is a
 * separate hook.
 */
function hookKey({ attachType, attachBtfId }: CgroupProgram): string {
  return `${attachType} ${attachBtfId}`;
}

/**
 * Finds the attachment of each effective program of a hook. `levels` lists the programs that are attached to the
 * cgroup, to its parent, and so on. The kernel (compute_effective_progs in kernel/bpf/cgroup.c) first runs the programs
 * with BPF_F_PREORDER, from the root down to the cgroup. Then it runs the other programs, from the cgroup up to the
 * root. The kernel does not report which programs have BPF_F_PREORDER, so this function assumes that as few as possible
 * have it. Returns undefined if no assignment fits, because an attachment changed between the queries.
 */
export function matchOrigins(
  effective: readonly number[],
  levels: readonly (readonly CgroupProgram[])[],
): CgroupProgram[] | undefined {
  const counted: CgroupProgram[][] = [];
  for (const level of levels) {
    const multi = ((level[0]?.attachFlags ?? 0) & BpfAttachFlag.BPF_F_ALLOW_MULTI) !== 0;
    if (level.length > 0 && (counted.length === 0 || multi)) counted.push([...level]);
  }
  for (let preorder = 0; preorder <= effective.length; preorder++) {
    const rest: CgroupProgram[] = [];
    const early: CgroupProgram[][] = [];
    for (const level of counted) {
      const earlyHere: CgroupProgram[] = [];
      for (const program of level) {
        if (program.id === effective[preorder + rest.length]) rest.push(program);
        else earlyHere.push(program);
      }
      early.unshift(earlyHere);
    }
    const first = early.flat();
    const fits = first.length === preorder && preorder + rest.length === effective.length;
    if (!fits || first.some(({ id }, i) => id !== effective[i])) continue;
    return [...first.map(withPreorder), ...rest];
  }
  return undefined;
}

function withPreorder(program: CgroupProgram): Mutable {
  return { ...program, attachFlags: (program.attachFlags ?? 0) | BpfAttachFlag.BPF_F_PREORDER };
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
