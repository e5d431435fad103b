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
  /** The full name; undefined if this process may not open programs (CAP_SYS_ADMIN). */
  readonly name: string | undefined;
  /** The id of the BTF object that has `attachBtfId`, the LSM function of an lsm_cgroup program (6.0). 0 for others. */
  readonly attachBtfObjId: number;
  readonly attachBtfId: number;
  /** With `details`: the link that holds the attachment; undefined for a program that was attached without a link. */
  readonly linkId?: number | undefined;
  /**
   * With `details`: the cgroup that the program is attached to. In an effective query it can be one above this cgroup.
   */
  readonly cgroup?: string | undefined;
}

/** The errnos of a query for a cgroup that was removed after its directory was opened. */
const GONE: ReadonlySet<number> = new Set([Errno.ENOENT, Errno.ENODEV, Errno.ENXIO]);

/**
 * A program of these types fits exactly one attach type (bpf_prog_attach_check_attach_type in kernel/bpf/syscall.c).
 */
const ONE_ATTACH_TYPE: ReadonlySet<BpfProgType> = new Set([
  BpfProgType.BPF_PROG_TYPE_CGROUP_SOCK,
  BpfProgType.BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
  BpfProgType.BPF_PROG_TYPE_CGROUP_SOCKOPT,
]);

/** The result of querying a cgroup: its programs, or the errno of the failed query. */
export type CgroupAnswer =
  | { readonly programs: CgroupProgram[] }
  | {
      /** Whether the query failed because the cgroup was removed. */
      readonly gone: boolean;
      readonly errno: number;
    };

/** Queries cgroups for the programs at all their hooks. Skips the queries whose answer is already known. */
export class CgroupReader {
  readonly catalog: ProgramCatalog = new ProgramCatalog();
  readonly #effective: boolean;
  readonly #programs: Map<number, CgroupProgram>[] = [];
  readonly #unknown = new Set<BpfAttachType>();
  readonly #met = new Set<BpfAttachType>();
  /** By type, the loaded programs that no query has returned yet; undefined if the loaded programs are unknown. */
  #unseen: Map<BpfProgType, Set<number>> | undefined;
  #types: readonly BpfAttachType[];

  constructor(options: { effective: boolean; attachTypes?: readonly BpfAttachType[] }) {
    this.#effective = options.effective;
    this.#types = options.attachTypes ?? CGROUP_ATTACH_TYPES;
  }

  /**
   * Skips hooks whose type of program is not loaded: nothing can be attached there. Most machines have programs of only
   * two or three of the eight types. Gives up if more than `limit` programs are loaded.
   */
  leaveOutUnloaded(limit: number): void {
    this.#unseen = this.catalog.loaded(limit);
    const loaded = this.#unseen;
    if (loaded !== undefined) this.#types = this.#types.filter((type) => loaded.has(cgroupProgramType(type) as number));
  }

  /** Whether a query showed that this kernel lacks the hook. */
  lacks(type: BpfAttachType): boolean {
    return this.#unknown.has(type);
  }

  /** Queries the cgroup whose directory is open as `fd`. */
  read(fd: number): CgroupAnswer {
    const { attached, unknown, errno } = queryHooks(fd, this.#types, { effective: this.#effective });
    // A hook that the kernel lacks is missing at every cgroup: do not query it again.
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

  /** Returns one shared record for all attachments of a program that are alike: a tree repeats the same few. */
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
   * Notes a program that a query returned. Once all programs of a type were seen, their unused attach types are
   * skipped.
   */
  #seen(attachType: BpfAttachType, id: number): void {
    this.#met.add(attachType);
    const progType = cgroupProgramType(attachType) as BpfProgType;
    const unseen = this.#unseen?.get(progType);
    if (unseen === undefined || !unseen.delete(id) || unseen.size > 0 || !ONE_ATTACH_TYPE.has(progType)) return;
    this.#types = this.#types.filter((type) => cgroupProgramType(type) !== progType || this.#met.has(type));
  }
}
