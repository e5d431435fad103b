import { writeU32 } from "../../layout/index.ts";
import { BpfCmd, BpfGetIdAttr } from "../../uapi/index.ts";
import { beginCall } from "../call-buffer.ts";
import { commandError, findCommand, tryCommand } from "./command.ts";

const { next_id, open_flags, fd_by_id_token_fd } = BpfGetIdAttr.offsets;
const ADMIN = { needs: ["CAP_SYS_ADMIN"] } as const;

/** Options for opening an object by its id. With a token (6.9), CAP_SYS_ADMIN is not needed. */
export interface GetFdByIdOptions {
  /** BPF_F_RDONLY or BPF_F_WRONLY, for a map. */
  readonly open_flags?: number | undefined;
  readonly token_fd?: number | undefined;
}

function nextId(cmd: BpfCmd, id: number): number | undefined {
  const callBuffer = beginCall();
  writeU32(callBuffer.view, 0, id, "id");
  // Pass the attr only up to `open_flags`: kernels before 6.9 do not know the field after it.
  if (findCommand(callBuffer, cmd, open_flags + 4, ADMIN) === undefined) return undefined;
  return callBuffer.view.getUint32(next_id, true);
}

function tryFdById(cmd: BpfCmd, id: number, options: GetFdByIdOptions): number {
  const callBuffer = beginCall();
  writeU32(callBuffer.view, 0, id, "id");
  if (options.open_flags !== undefined) writeU32(callBuffer.view, open_flags, options.open_flags, "open_flags");
  if (options.token_fd !== undefined) writeU32(callBuffer.view, fd_by_id_token_fd, options.token_fd, "token_fd");
  return tryCommand(callBuffer, cmd, BpfGetIdAttr.size);
}

function fdById(cmd: BpfCmd, what: string, id: number, options: GetFdByIdOptions): number {
  const result = tryFdById(cmd, id, options);
  if (result < 0) throw commandError(cmd, -result, { ...ADMIN, subject: `${what} id ${id}` });
  return result;
}

/** Returns the id of the next program after `id`; with 0, the first one. Returns undefined after the last program. */
export function progGetNextId(id: number): number | undefined {
  return nextId(BpfCmd.BPF_PROG_GET_NEXT_ID, id);
}
/** Returns the id of the next map after `id`; with 0, the first one. Returns undefined after the last map. */
export function mapGetNextId(id: number): number | undefined {
  return nextId(BpfCmd.BPF_MAP_GET_NEXT_ID, id);
}
/** Returns the id of the next BTF after `id`; with 0, the first one. Returns undefined after the last BTF. */
export function btfGetNextId(id: number): number | undefined {
  return nextId(BpfCmd.BPF_BTF_GET_NEXT_ID, id);
}
/** Returns the id of the next link after `id`; with 0, the first one. Returns undefined after the last link. */
export function linkGetNextId(id: number): number | undefined {
  return nextId(BpfCmd.BPF_LINK_GET_NEXT_ID, id);
}

/** Opens the program with an id and returns its fd. Fails with ENOENT if the program is gone. */
export function progGetFdById(id: number, options: GetFdByIdOptions = {}): number {
  return fdById(BpfCmd.BPF_PROG_GET_FD_BY_ID, "program", id, options);
}
/** Opens the map with an id and returns its fd. Fails with ENOENT if the map is gone. */
export function mapGetFdById(id: number, options: GetFdByIdOptions = {}): number {
  return fdById(BpfCmd.BPF_MAP_GET_FD_BY_ID, "map", id, options);
}
/** Opens the BTF object with an id and returns its fd. Fails with ENOENT if the BTF object is gone. */
export function btfGetFdById(id: number, options: GetFdByIdOptions = {}): number {
  return fdById(BpfCmd.BPF_BTF_GET_FD_BY_ID, "BTF", id, options);
}
/**
 * Opens the link with an id and returns its fd. Fails with ENOENT if the link is gone, and with EAGAIN if the kernel is
 * still creating the link. A listing must skip the link in both cases.
 */
export function linkGetFdById(id: number, options: GetFdByIdOptions = {}): number {
  return fdById(BpfCmd.BPF_LINK_GET_FD_BY_ID, "link", id, options);
}

// The functions below also open objects by id, but they return the negative errno instead of throwing. Use them for ids
// that may not exist.

export function tryProgGetFdById(id: number, options: GetFdByIdOptions = {}): number {
  return tryFdById(BpfCmd.BPF_PROG_GET_FD_BY_ID, id, options);
}
export function tryMapGetFdById(id: number, options: GetFdByIdOptions = {}): number {
  return tryFdById(BpfCmd.BPF_MAP_GET_FD_BY_ID, id, options);
}
export function tryBtfGetFdById(id: number, options: GetFdByIdOptions = {}): number {
  return tryFdById(BpfCmd.BPF_BTF_GET_FD_BY_ID, id, options);
}
export function tryLinkGetFdById(id: number, options: GetFdByIdOptions = {}): number {
  return tryFdById(BpfCmd.BPF_LINK_GET_FD_BY_ID, id, options);
}
