import { Errno } from "../../errors/index.ts";
import { attachTypeName, BpfAttachType, BpfCmd, BpfProgQueryAttr, LIST_ATTACH_TYPES } from "../../uapi/index.ts";
import { beginCall, placeRoom, type Room } from "../call-buffer.ts";
import { commandError, tryCommand } from "./command.ts";

/** Options of PROG_QUERY. */
export interface ProgQueryOptions {
  /** BPF_F_QUERY_EFFECTIVE: include the programs inherited from ancestor cgroups. */
  readonly query_flags?: number | undefined;
}

/** The programs at a hook, in the order in which they run. */
export interface ProgQueryResult {
  readonly prog_ids: number[];
  /** Flags of the hook; 0 in effective queries. */
  readonly attach_flags: number;
  /** The flags of each program. They exist only for cgroups, since 6.0, and not in effective queries. */
  readonly prog_attach_flags: number[] | undefined;
  /** The id of each program's link; 0 for a program without a link. Only for tcx and netkit. */
  readonly link_ids: number[] | undefined;
  readonly link_attach_flags: number[] | undefined;
  /**
   * The revision of the list, which grows with every change to the list. tcx and netkit have a revision since 6.6,
   * cgroups since 6.17; otherwise it is 0.
   */
  readonly revision: bigint;
}

const a = BpfAttachType;

/**
 * True if the kernel knows `prog_attach_flags`. Kernels before 6.0 return EINVAL for this field. Undefined until the
 * first query.
 */
let perProgramFlags: boolean | undefined;

/**
 * Lists the programs attached to the fd of a cgroup, map, netns or lirc device, or to an ifindex for tcx and netkit.
 */
export function progQuery(target: number, attachType: BpfAttachType, options: ProgQueryOptions = {}): ProgQueryResult {
  const flags = options.query_flags ?? 0;
  const cgroup = attachTypeName(attachType)?.startsWith("cgroup_") === true || attachType === a.BPF_LSM_CGROUP;
  let withFlags = cgroup && flags === 0 && perProgramFlags !== false;
  let capacity = 64;
  for (;;) {
    const { result, count, answer } = queryOnce(target, attachType, flags, capacity, withFlags);
    if (result >= 0) {
      if (withFlags) perProgramFlags = true;
      return answer();
    }
    if (result === -Errno.ENOSPC && count > capacity) {
      // The list may grow before the next call, so make the buffers larger than necessary.
      capacity = count + 16;
    } else if (result === -Errno.EINVAL && withFlags && perProgramFlags === undefined) {
      withFlags = false;
      const plain = queryOnce(target, attachType, flags, capacity, false);
      if (plain.result === -Errno.EINVAL) throw queryError(Errno.EINVAL);
      perProgramFlags = false;
    } else {
      throw queryError(-result);
    }
  }
}

function queryError(errno: number): Error {
  return commandError(BpfCmd.BPF_PROG_QUERY, errno, { needs: ["CAP_NET_ADMIN"] });
}

interface QueryOutcome {
  readonly result: number;
  readonly count: number;
  readonly answer: () => ProgQueryResult;
}

function queryOnce(
  target: number,
  attachType: number,
  flags: number,
  capacity: number,
  withFlags: boolean,
): QueryOutcome {
  const callBuffer = beginCall();
  const bytes = capacity * 4;
  const ids = placeRoom(bytes);
  const progFlags = withFlags ? placeRoom(bytes) : undefined;
  const linkIds = LIST_ATTACH_TYPES.has(attachType) ? placeRoom(bytes) : undefined;
  const linkFlags = linkIds === undefined ? undefined : placeRoom(bytes);
  BpfProgQueryAttr.fill(callBuffer.view, 0, {
    target_fd: target,
    attach_type: attachType,
    query_flags: flags,
    prog_ids: ids.address,
    prog_cnt: capacity,
    prog_attach_flags: progFlags?.address ?? 0,
    link_ids: linkIds?.address ?? 0,
    link_attach_flags: linkFlags?.address ?? 0,
  });
  const result = tryCommand(callBuffer, BpfCmd.BPF_PROG_QUERY, BpfProgQueryAttr.size);
  const attr = BpfProgQueryAttr.view(callBuffer.view);
  const count = attr.prog_cnt;
  return {
    result,
    count,
    answer: () => ({
      prog_ids: numbers(ids, count) ?? [],
      attach_flags: attr.attach_flags,
      prog_attach_flags: numbers(progFlags, count),
      link_ids: numbers(linkIds, count),
      link_attach_flags: numbers(linkFlags, count),
      revision: attr.revision,
    }),
  };
}

function numbers(room: Room | undefined, count: number): number[] | undefined {
  if (room === undefined) return undefined;
  const view = new DataView(room.bytes.buffer, room.bytes.byteOffset, room.bytes.byteLength);
  return Array.from({ length: count }, (_, i) => view.getUint32(i * 4, true));
}
