import { Errno } from "../../errors/index.ts";
import { checkU32 } from "../../layout/index.ts";
import { BpfAttachType, BpfCmd, BpfProgQueryAttr, BpfQueryFlag } from "../../uapi/index.ts";
import { beginCall, placeSpace } from "../call-buffer.ts";
import { bpfAt } from "../ffi.ts";

/** The result of {@link queryHooks}. */
export interface HookAnswers {
  /**
   * Three numbers for each program: the attach type, the BPF_F_ALLOW_* flags of the hook (0 in effective queries), and
   * the program's id. The hooks are in the order of `attachTypes`; the programs of a hook are in the kernel's order.
   * The list is flat, because a tree of cgroups can have tens of thousands of programs.
   */
  readonly attached: readonly number[];
  /** The attach types that this kernel does not have. */
  readonly unknown: readonly BpfAttachType[];
  /** The errno that ended the query; 0 for success. */
  readonly errno: number;
}

const attr = BpfProgQueryAttr.offsets;
const TARGET_FD = attr.target_fd / 4;
const ATTACH_TYPE = attr.attach_type / 4;
const QUERY_FLAGS = attr.query_flags / 4;
const ATTACH_FLAGS = attr.attach_flags / 4;
const PROG_IDS = attr.prog_ids / 4;
const PROG_CNT = attr.prog_cnt / 4;
const PROG_FLAGS = attr.prog_attach_flags / 4;
const SIZE = BpfProgQueryAttr.size;
const QUERY = BpfCmd.BPF_PROG_QUERY;
const LSM = BpfAttachType.BPF_LSM_CGROUP;
const FIRST_ROOM = 64;

let words: Uint32Array = new Uint32Array(0);

/**
 * Queries the programs at many hooks of a cgroup, with one system call for each hook. This function fills the attr only
 * once and allocates nothing for a hook without programs, so it is fast enough for trees with thousands of cgroups.
 */
export function queryHooks(
  cgroupFd: number,
  attachTypes: readonly BpfAttachType[],
  options: { effective?: boolean | undefined; capacity?: number | undefined } = {},
): HookAnswers {
  const attached: number[] = [];
  const unknown: BpfAttachType[] = [];
  const capacity = checkU32(options.capacity ?? FIRST_ROOM, "capacity");
  const effective = options.effective === true;
  const { base, bytes } = beginCall();
  // In most processes, V8 has not compiled this function yet. In such code, a typed array is several times as fast as a
  // DataView.
  if (words.buffer !== bytes.buffer) words = new Uint32Array(bytes.buffer);
  const ids = placeSpace(capacity * 4);
  // The programs of all LSM hooks have the same attach type, BPF_LSM_CGROUP. Their hooks can have different flags, so
  // the kernel returns the flags for each program (6.0).
  const flags = placeSpace(capacity * 4);
  words[TARGET_FD] = checkU32(cgroupFd, "target_fd");
  words[QUERY_FLAGS] = effective ? BpfQueryFlag.BPF_F_QUERY_EFFECTIVE : 0;
  setAddress(PROG_IDS, base + ids);
  for (const type of attachTypes) {
    const perProgram = type === LSM && !effective;
    if (perProgram) setAddress(PROG_FLAGS, base + flags);
    words[ATTACH_TYPE] = checkU32(type, "attach_type");
    words[PROG_CNT] = capacity;
    const result = bpfAt(QUERY, base, SIZE);
    const count = words[PROG_CNT] as number;
    if (perProgram) setAddress(PROG_FLAGS, 0);
    if (result >= 0) {
      const hookFlags = words[ATTACH_FLAGS] as number;
      for (let i = 0; i < count; i++) {
        attached.push(type, perProgram ? (words[flags / 4 + i] as number) : hookFlags, words[ids / 4 + i] as number);
      }
    } else if (result === -Errno.EINVAL) unknown.push(type);
    else if (result === -Errno.ENOSPC && count > capacity) {
      // The list may grow before the next call, so make the buffer larger than necessary.
      return queryHooks(cgroupFd, attachTypes, { effective, capacity: count + 16 });
    } else return { attached, unknown, errno: -result };
  }
  return { attached, unknown, errno: 0 };
}

function setAddress(at: number, address: number): void {
  words[at] = address % 0x100000000;
  words[at + 1] = Math.floor(address / 0x100000000);
}
