import { addFlags } from "../../layout/index.ts";
import { BpfAttachFlag, type BpfAttachType, BpfCmd, BpfProgAttachAttr } from "../../uapi/index.ts";
import { beginCall } from "../call-buffer.ts";
import { runCommand } from "./command.ts";

/** Options of PROG_ATTACH and PROG_DETACH. */
export interface ProgAttachOptions {
  /** Flags of BpfAttachFlag. */
  readonly attach_flags?: number | undefined;
  /** The program to replace, with BPF_F_REPLACE. */
  readonly replace_bpf_fd?: number | undefined;
  /**
   * With BPF_F_BEFORE or BPF_F_AFTER: the program before or after which the new one runs. Give its fd, or its id (which
   * sets BPF_F_ID).
   */
  readonly relative_fd?: number | undefined;
  readonly relative_id?: number | undefined;
  /** The kernel fails with ESTALE unless the hook's list has this revision (6.6). */
  readonly expected_revision?: bigint | undefined;
}

const NEEDS = { needs: ["CAP_NET_ADMIN"] } as const;

/**
 * Attaches a program without a link. `target` is an fd of a cgroup, map, network namespace or lirc device; for tcx and
 * netkit it is an ifindex.
 */
export function progAttach(
  progFd: number,
  target: number,
  attachType: BpfAttachType,
  options: ProgAttachOptions = {},
): void {
  const callBuffer = beginCall();
  fillAttach(callBuffer.view, progFd, target, attachType, options);
  runCommand(callBuffer, BpfCmd.BPF_PROG_ATTACH, BpfProgAttachAttr.size, NEEDS);
}

/**
 * Detaches a program. Without `progFd`, detaches whatever program the hook has; this works only for hooks with a single
 * program.
 */
export function progDetach(
  progFd: number | undefined,
  target: number,
  attachType: BpfAttachType,
  options: ProgAttachOptions = {},
): void {
  const callBuffer = beginCall();
  fillAttach(callBuffer.view, progFd ?? 0, target, attachType, options);
  runCommand(callBuffer, BpfCmd.BPF_PROG_DETACH, BpfProgAttachAttr.size, NEEDS);
}

function fillAttach(
  view: DataView,
  attach_bpf_fd: number,
  target_fd: number,
  attach_type: number,
  options: ProgAttachOptions,
): void {
  BpfProgAttachAttr.fill(view, 0, {
    target_fd,
    attach_bpf_fd,
    attach_type,
    attach_flags: addFlags(
      options.attach_flags ?? 0,
      options.relative_id === undefined ? 0 : BpfAttachFlag.BPF_F_ID,
      "attach_flags",
    ),
    replace_bpf_fd: options.replace_bpf_fd ?? 0,
    relative_fd: options.relative_fd ?? options.relative_id ?? 0,
    expected_revision: options.expected_revision ?? 0n,
  });
}
