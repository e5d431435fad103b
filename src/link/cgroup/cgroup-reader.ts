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
   * The mode of the attachment: BPF_F_ALLOW_MULTI, BPF_F_ALLOW_OVERRIDE or 0. Undefined in an effective query without
   * `details`, because the kernel does not report it there.
   */
  readonly attachFlags: number | undefined;
  /** The full name of the program; undefined if this process may not open programs (CAP_SYS_ADMIN). */
  readonly name: string | undefined;
  /**
   * The id of the BTF object that contains `attachBtfId`, the LSM function of an lsm_cgroup program (6.0). 0 for all
   * other programs.
   */
  readonly attachBtfObjId: number;
  readonly attachBtfId: number;
  /**
   * With `details`: the id of the link of this attachment. Undefined for a program that was attached without a link.
   */
  readonly linkId?: number | undefined;
  /**
   * With `details`: the cgroup to which the program is attached. In an effective query it can be an ancestor of the
   * queried cgroup.
   */
  readonly cgroup?: string | undefined;
}

/** The errnos of a query if the cgroup was removed after its directory was opened. */
const GONE: ReadonlySet<number> = new Set([Errno.ENOENT, Errno.ENODEV, Errno.ENXIO]);

/** The program types that have exactly one attach type (bpf_prog_attach_check_attach_type in kernel/bpf/syscall.c). */
const ONE_ATTACH_TYPE: ReadonlySet<BpfProgType> = new Set([
  BpfProgType.BPF_PROG_TYPE_CGROUP_SOCK,
  BpfProgType.BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
  BpfProgType.BPF_PROG_TYPE_CGROUP_SOCKOPT,
]);

/** The result of querying a cgroup: its programs, or the errno of the query that failed. */
export type CgroupAnswer =
  | { readonly programs: CgroupProgram[] }
  | {
      /** True if the query failed because the cgroup was removed. */
      readonly gone: boolean;
      readonly errno: number;
    };

/** Queries all hooks of cgroups for their programs. Skips a query if its result is already known. */
export class CgroupReader {
  readonly catalog: ProgramCatalog = new ProgramCatalog();
  readonly #effective: boolean;
  readonly #programs: Map<number, CgroupProgram>[] = [];
  readonly #unknown = new Set<BpfAttachType>();
  readonly #met = new Set<BpfAttachType>();
  /**
   * For each program type, the loaded programs that no query has returned yet. Undefined if the loaded programs are not
   * known.
   */
  #unseen: Map<BpfProgType, Set<number>> | undefined;
  #types: readonly BpfAttachType[];

  constructor(options: { effective: boolean; attachTypes?: readonly BpfAttachType[] }) {
    this.#effective = options.effective;
    this.#types = options.attachTypes ?? CGROUP_ATTACH_TYPES;
  }

  /**
   * Skips a hook if no program of its type is loaded, because nothing can be attached there. Most machines have
   * programs of only two or three of the eight types. Does not skip hooks if more than `limit` programs are loaded.
   */
  leaveOutUnloaded(limit: number): void {
    this.#unseen = this.catalog.loaded(limit);
    const loaded = this.#unseen;
    if (loaded !== undefined) this.#types = this.#types.filter((type) => loaded.has(cgroupProgramType(type) as number));
  }

  /** Returns true if a query has shown that this kernel does not have the hook. */
  lacks(type: BpfAttachType): boolean {
    return this.#unknown.has(type);
  }

  /** Queries a cgroup. `fd` is its open directory. */
  read(fd: number): CgroupAnswer {
    const { attached, unknown, errno } = queryHooks(fd, this.#types, { effective: this.#effective });
    // If the kernel does not have a hook, no cgroup has it. Do not query it again.
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

  /**
   * Returns one shared record for all equal attachments of a program, because a tree contains the same few attachments
   * many times.
   */
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

  /**
   * Notes a program that a query has returned. After all programs of a type were returned, the attach types that none
   * of them uses are skipped.
   */
  #seen(attachType: BpfAttachType, id: number): void {
    this.#met.add(attachType);
    const progType = cgroupProgramType(attachType) as BpfProgType;
    const unseen = this.#unseen?.get(progType);
    if (unseen === undefined || !unseen.delete(id) || unseen.size > 0 || !ONE_ATTACH_TYPE.has(progType)) return;
    this.#types = this.#types.filter((type) => cgroupProgramType(type) !== progType || this.#met.has(type));
  }
}
