import { addFlags } from "../../layout/index.ts";
import { BpfCmd, BpfObjAttr } from "../../uapi/index.ts";
import { beginCall, placeText } from "../call-buffer.ts";
import { runCommand } from "./command.ts";

/** Options of OBJ_PIN and OBJ_GET: the directory of a relative path, and the access mode. */
export interface ObjOptions {
  /** Flags: BPF_F_RDONLY or BPF_F_WRONLY for a map. `path_fd` sets BPF_F_PATH_FD (6.5) automatically. */
  readonly file_flags?: number | undefined;
  /** An fd of the directory that a relative path starts from (6.5). */
  readonly path_fd?: number | undefined;
}

const BPF_F_PATH_FD = 0x4000;

/** Pins a program, map, link or BTF at a path in a bpffs. */
export function objPin(path: string, fd: number, options: ObjOptions = {}): void {
  const callBuffer = beginCall();
  fillObj(callBuffer.view, path, fd, options);
  runCommand(callBuffer, BpfCmd.BPF_OBJ_PIN, BpfObjAttr.size, { subject: path, needs: ["CAP_BPF"] });
}

/** Opens a pinned object and returns its fd. */
export function objGet(path: string, options: ObjOptions = {}): number {
  const callBuffer = beginCall();
  fillObj(callBuffer.view, path, 0, options);
  return runCommand(callBuffer, BpfCmd.BPF_OBJ_GET, BpfObjAttr.size, { subject: path, needs: ["CAP_BPF"] });
}

function fillObj(view: DataView, path: string, fd: number, { file_flags = 0, path_fd }: ObjOptions): void {
  BpfObjAttr.fill(view, 0, {
    pathname: placeText(path),
    bpf_fd: fd,
    file_flags: path_fd === undefined ? file_flags : addFlags(file_flags, BPF_F_PATH_FD, "file_flags"),
    path_fd: path_fd ?? 0,
  });
}
