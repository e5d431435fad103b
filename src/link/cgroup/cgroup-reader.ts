import { Errno } from "../../errors/index.ts";
import { queryHooks } from "../../sys/index.ts";
import { type BpfAttachType, BpfProgType } from "../../uapi/index.ts";
import { CGROUP_ATTACH_TYPES, cgroupProgramType } from "./attach-types.ts";
import { ProgramCatalog } from "./program-catalog.ts";

/** A program at a hook of a cgroup. */
export interface CgroupProgram {
  readonly id: number;
  readonly attachType: BpfAttachType;
  /**
   * BPF_F_ALLOW_MULTI, BPF_F_ALLOW_OVERRIDE or 0, as the program was attached; undefined in an effective query without
   * `details`, for the kernel does not say it there.
   */
  readonly attachFlags: number | undefined;
  /** The full name; undefined where this process may not look at programs (CAP_SYS_ADMIN). */
  readonly name: string | undefined;
  /** The BTF that `attachBtfId` counts in: the place of an lsm_cgroup program; 0 for others (6.0). */
  readonly attachBtfObjId: number;
  readonly attachBtfId: number;
  /** With `details`: the link that holds the attachment; undefined for a program that was attached without a link. */
  readonly linkId?: number | undefined;
  /** With `details`: the cgroup that it is attached to; of an effective program this one or one above it. */
  readonly cgroup?: string | undefined;
}

/** Errnos of a query to a cgroup that was removed after its directory was opened. */
const GONE: ReadonlySet<number> = new Set([Errno.ENOENT, Errno.ENODEV, Errno.ENXIO]);

/** A program of these types can go to one attach type alone (bpf_prog_attach_check_attach_type in kernel/bpf/syscall.c). */
const ONE_ATTACH_TYPE: ReadonlySet<BpfProgType> = new Set([
  BpfProgType.BPF_PROG_TYPE_CGROUP_SOCK,
  BpfProgType.BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
  BpfProgType.BPF_PROG_TYPE_CGROUP_SOCKOPT,
]);

/** What asking a cgroup gave: its programs, or the errno of a query that failed. */
export type CgroupAnswer =
  | { readonly programs: CgroupProgram[] }
  | {
      /** Whether the cgroup was removed meanwhile. */
      readonly gone: boolean;
      readonly errno: number;
    };

/** Asks cgroups for the programs at all their hooks, and leaves out the questions whose answer is known. */
export class CgroupReader {
  readonly catalog: ProgramCatalog = new ProgramCatalog();
  readonly #effective: boolean;
  readonly #programs: Map<number, CgroupProgram>[] = [];
  readonly #unknown = new Set<BpfAttachType>();
  readonly #met = new Set<BpfAttachType>();
  /** The loaded programs that were not met yet, by type; undefined where they are not known. */
  #unseen: Map<BpfProgType, Set<number>> | undefined;
  #types: readonly BpfAttachType[];

  constructor(options: { effective: boolean; attachTypes?: readonly BpfAttachType[] }) {
    this.#effective = options.effective;
    this.#types = options.attachTypes ?? CGROUP_ATTACH_TYPES;
  }

  /**
   * Looks which programs are loaded, since nothing else can be attached: most machines have two or three of the eight
   * types. Given up where there are more than `limit`.
   */
  leaveOutUnloaded(limit: number): void {
    this.#unseen = this.catalog.loaded(limit);
    const loaded = this.#unseen;
    if (loaded !== undefined) this.#types = this.#types.filter((type) => loaded.has(cgroupProgramType(type) as number));
  }

  /** Whether an answer said that this kernel has no such hook. */
  lacks(type: BpfAttachType): boolean {
    return this.#unknown.has(type);
  }

  /** The programs of the cgroup whose directory `fd` is. */
  read(fd: number): CgroupAnswer {
    const { attached, unknown, errno } = queryHooks(fd, this.#types, { effective: this.#effective });
    // What this kernel does not have it does not have in the next cgroup either.
    if (unknown.length > 0) {
      for (const type of unknown) this.#unknown.add(type);
      this.#types = this.#types.filter((type) => !this.#unknown.has(type));
    }
    if (errno !== 0) return { gone: GONE.has(errno), errno };
    const programs: CgroupProgram[] = [];
    for (let i = 0; i < attached.length; i += 3) {
      const program = this.#program(attached[i] as number, attached[i + 1] as number, attached[i + 2] as number);
      if (program !== undefined) programs.push(program);
    }
    return { programs };
  }

  /** One record for all cgroups where a program is attached alike: a tree has the same few again and again. */
  #program(attachType: BpfAttachType, flags: number, id: number): CgroupProgram | undefined {
    const kind = attachType * 4 + (flags & 3);
    let known = this.#programs[kind];
    if (known === undefined) {
      known = new Map();
      this.#programs[kind] = known;
    }
    let program = known.get(id);
    if (program === undefined) {
      const label = this.catalog.label(id);
      if (label === undefined) return undefined;
      const { name, attachBtfObjId, attachBtfId } = label;
      const attachFlags = this.#effective ? undefined : flags;
      program = { id, attachType, attachFlags, name, attachBtfObjId, attachBtfId };
      known.set(id, program);
      this.#seen(attachType, id);
    }
    return program;
  }

  /** Once each program of a type was met, the attach types of that type where none was met have nothing anywhere. */
  #seen(attachType: BpfAttachType, id: number): void {
    this.#met.add(attachType);
    const progType = cgroupProgramType(attachType) as BpfProgType;
    const unseen = this.#unseen?.get(progType);
    if (unseen === undefined || !unseen.delete(id) || unseen.size > 0 || !ONE_ATTACH_TYPE.has(progType)) return;
    this.#types = this.#types.filter((type) => cgroupProgramType(type) !== progType || this.#met.has(type));
  }
}
