import { writeU32 } from "../../layout/index.ts";
import { BpfCmd, BpfObjGetInfoAttr } from "../../uapi/index.ts";
import { type CallBuffer, placeRoom, reserveBytes } from "../call-buffer.ts";
import { bpfAt } from "../ffi.ts";
import { commandError } from "./command.ts";

const { bpf_fd, info_len, info } = BpfObjGetInfoAttr.offsets;

/** The position of an info struct in the call buffer during a call. */
export interface InfoRoom {
  readonly address: number;
  readonly view: DataView;
  readonly size: number;
}

/** Reserves a zeroed info struct for the current call. */
export function placeInfo(size: number): InfoRoom {
  const { address, bytes } = placeRoom(size);
  return { address, view: new DataView(bytes.buffer, bytes.byteOffset, size), size };
}

/**
 * Does the same as {@link placeInfo}, but returns only the struct's offset in the call buffer. This is cheaper, because
 * it makes no view.
 */
export function placeInfoAt(callBuffer: CallBuffer, size: number): number {
  const at = reserveBytes(size);
  callBuffer.bytes.fill(0, at, at + size);
  return at;
}

/** Does the same as {@link readInfo} for a struct that {@link placeInfoAt} reserved. */
export function readInfoAt(callBuffer: CallBuffer, fd: number, at: number, size: number): number {
  const length = tryInfoAt(callBuffer, fd, at, size);
  if (length < 0) throw infoError(-length);
  return length;
}

/** Does the same as {@link tryInfo} for a struct that {@link placeInfoAt} reserved. */
export function tryInfoAt(callBuffer: CallBuffer, fd: number, at: number, size: number): number {
  const { view } = callBuffer;
  const address = callBuffer.base + at;
  writeU32(view, bpf_fd, fd, "fd");
  view.setUint32(info_len, size, true);
  view.setUint32(info, address % 0x100000000, true);
  view.setUint32(info + 4, Math.floor(address / 0x100000000), true);
  const result = bpfAt(BpfCmd.BPF_OBJ_GET_INFO_BY_FD, callBuffer.base, BpfObjGetInfoAttr.size);
  return result < 0 ? result : view.getUint32(info_len, true);
}

/**
 * Asks the kernel to fill an info struct. Returns how many bytes of the struct the kernel knows, or the negative errno.
 * Fields after these bytes do not exist on this kernel. The first call returns the lengths of arrays; a second call can
 * pass memory for these arrays.
 */
export function tryInfo(callBuffer: CallBuffer, fd: number, room: InfoRoom): number {
  const { view } = callBuffer;
  writeU32(view, bpf_fd, fd, "fd");
  view.setUint32(info_len, room.size, true);
  view.setUint32(info, room.address % 0x100000000, true);
  view.setUint32(info + 4, Math.floor(room.address / 0x100000000), true);
  const result = bpfAt(BpfCmd.BPF_OBJ_GET_INFO_BY_FD, callBuffer.base, BpfObjGetInfoAttr.size);
  return result < 0 ? result : view.getUint32(info_len, true);
}

/** Does the same as {@link tryInfo}, but throws a SyscallError on failure. */
export function readInfo(callBuffer: CallBuffer, fd: number, room: InfoRoom): number {
  const length = tryInfo(callBuffer, fd, room);
  if (length < 0) throw infoError(-length);
  return length;
}

/** Returns the error for a failed BPF_OBJ_GET_INFO_BY_FD. */
export function infoError(errno: number): Error {
  return commandError(BpfCmd.BPF_OBJ_GET_INFO_BY_FD, errno, { needs: ["CAP_BPF"] });
}
