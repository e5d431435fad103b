import { addFlags, checkU64 } from "../../layout/index.ts";
import {
  BpfAttachFlag,
  BpfCmd,
  BpfIterCreateAttr,
  BpfLinkDetachAttr,
  BpfLinkUpdateAttr,
  BpfRawTracepointAttr,
} from "../../uapi/index.ts";
import { beginCall, placeText } from "../call-buffer.ts";
import { runCommand } from "./command.ts";

/** Options of LINK_UPDATE. */
export interface LinkUpdateOptions {
  readonly flags?: number | undefined;
  /**
   * The fd of the program that the link must have now (for struct_ops, of the map). If the link has another one, the
   * kernel fails with EPERM. This option sets BPF_F_REPLACE.
   */
  readonly old_prog_fd?: number | undefined;
}

/**
 * Replaces the program of a link (for struct_ops, its map). Never pass the map that a struct_ops link already has: up
 * to 6.18, this triggers a kernel BUG that locks struct_ops until the next reboot.
 */
export function linkUpdate(linkFd: number, newProgFd: number, options: LinkUpdateOptions = {}): void {
  const callBuffer = beginCall();
  const { flags = 0, old_prog_fd } = options;
  BpfLinkUpdateAttr.fill(callBuffer.view, 0, {
    link_fd: linkFd,
    new_prog_fd: newProgFd,
    flags: old_prog_fd === undefined ? flags : addFlags(flags, BpfAttachFlag.BPF_F_REPLACE, "flags"),
    old_prog_fd: old_prog_fd ?? 0,
  });
  runCommand(callBuffer, BpfCmd.BPF_LINK_UPDATE, BpfLinkUpdateAttr.size);
}

/** Detaches a link from its hook. The link still exists, but has no effect. */
export function linkDetach(linkFd: number): void {
  const callBuffer = beginCall();
  BpfLinkDetachAttr.fill(callBuffer.view, 0, { link_fd: linkFd });
  runCommand(callBuffer, BpfCmd.BPF_LINK_DETACH, BpfLinkDetachAttr.size);
}

/** Starts one run of an iterator link and returns an fd. Reading the fd runs the program. */
export function iterCreate(linkFd: number, flags = 0): number {
  const callBuffer = beginCall();
  BpfIterCreateAttr.fill(callBuffer.view, 0, { link_fd: linkFd, flags });
  return runCommand(callBuffer, BpfCmd.BPF_ITER_CREATE, BpfIterCreateAttr.size, { needs: ["CAP_BPF"] });
}

/** Options of RAW_TRACEPOINT_OPEN. */
export interface RawTracepointOptions {
  /**
   * The name of the tracepoint. Leave it out for programs whose target was fixed when they were loaded (fentry, LSM,
   * tp_btf).
   */
  readonly name?: string | undefined;
  /** The value that bpf_get_attach_cookie() returns (6.10). */
  readonly cookie?: number | bigint | undefined;
}

/** Attaches a raw tracepoint program, or a tracing or LSM program, and returns the link's fd. */
export function rawTracepointOpen(progFd: number, options: RawTracepointOptions = {}): number {
  const callBuffer = beginCall();
  const { name, cookie } = options;
  BpfRawTracepointAttr.fill(callBuffer.view, 0, {
    name: name === undefined ? 0 : placeText(name),
    prog_fd: progFd,
    cookie: checkU64(cookie ?? 0, "cookie"),
  });
  return runCommand(callBuffer, BpfCmd.BPF_RAW_TRACEPOINT_OPEN, BpfRawTracepointAttr.size, {
    needs: ["CAP_PERFMON"],
    ...(name === undefined ? {} : { subject: `tracepoint ${name}` }),
  });
}
