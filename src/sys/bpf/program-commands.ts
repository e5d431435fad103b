import {
  BpfCmd,
  BpfEnableStatsAttr,
  BpfProgAssocStructOpsAttr,
  BpfProgBindMapAttr,
  BpfProgStreamReadAttr,
  BpfStatsType,
  BpfTokenCreateAttr,
} from "../../uapi/index.ts";
import { beginCall, placeOwn } from "../call-buffer.ts";
import { lengthOf } from "../ffi.ts";
import { runCommand } from "./command.ts";

/** Makes the kernel measure the runs and run times of all programs while the returned fd is open (5.8). */
export function enableStats(type: number = BpfStatsType.BPF_STATS_RUN_TIME): number {
  const callBuffer = beginCall();
  BpfEnableStatsAttr.fill(callBuffer.view, 0, { type });
  return runCommand(callBuffer, BpfCmd.BPF_ENABLE_STATS, BpfEnableStatsAttr.size, { needs: ["CAP_SYS_ADMIN"] });
}

/** Binds a map to a program that does not use it: the map then exists as long as the program (5.10). */
export function progBindMap(progFd: number, mapFd: number): void {
  const callBuffer = beginCall();
  BpfProgBindMapAttr.fill(callBuffer.view, 0, { prog_fd: progFd, map_fd: mapFd, flags: 0 });
  runCommand(callBuffer, BpfCmd.BPF_PROG_BIND_MAP, BpfProgBindMapAttr.size);
}

/** Creates a token from a bpffs with delegate options (6.9). Works only in the user namespace that owns the bpffs. */
export function tokenCreate(bpffsFd: number, flags = 0): number {
  const callBuffer = beginCall();
  BpfTokenCreateAttr.fill(callBuffer.view, 0, { flags, bpffs_fd: bpffsFd });
  return runCommand(callBuffer, BpfCmd.BPF_TOKEN_CREATE, BpfTokenCreateAttr.size);
}

/**
 * Reads from a stream (BpfStream) of a program into `into`. Returns the number of bytes; 0 at the end of the stream
 * (6.17).
 */
export function progStreamReadByFd(progFd: number, streamId: number, into: Uint8Array): number {
  const callBuffer = beginCall();
  BpfProgStreamReadAttr.fill(callBuffer.view, 0, {
    stream_buf: placeOwn(into),
    stream_buf_len: lengthOf(into),
    stream_id: streamId,
    prog_fd: progFd,
  });
  return runCommand(callBuffer, BpfCmd.BPF_PROG_STREAM_READ_BY_FD, BpfProgStreamReadAttr.size);
}

/**
 * Associates a program with a struct_ops map. A kfunc that the program calls can then find the map (newer than 6.18).
 */
export function progAssocStructOps(progFd: number, mapFd: number, flags = 0): void {
  const callBuffer = beginCall();
  BpfProgAssocStructOpsAttr.fill(callBuffer.view, 0, { map_fd: mapFd, prog_fd: progFd, flags });
  runCommand(callBuffer, BpfCmd.BPF_PROG_ASSOC_STRUCT_OPS, BpfProgAssocStructOpsAttr.size);
}
