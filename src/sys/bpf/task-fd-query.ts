import { Errno } from "../../errors/index.ts";
import { textUntilNul } from "../../layout/index.ts";
import { BpfCmd, BpfTaskFdQueryAttr, type BpfTaskFdType } from "../../uapi/index.ts";
import { beginCall, placeRoom } from "../call-buffer.ts";
import { commandError, tryCommand } from "./command.ts";

/** The program that an fd of a process attaches, and what the program is attached to. */
export interface TaskFdInfo {
  readonly prog_id: number;
  /** One of BpfTaskFdType. */
  readonly fd_type: BpfTaskFdType;
  /** The tracepoint, the kernel function or the file. Empty for a kprobe at an address. */
  readonly name: string;
  /** The offset in the function or file. */
  readonly probe_offset: bigint;
  /** The address of a kprobe; 0 if the kernel hides addresses. */
  readonly probe_addr: bigint;
}

/** Queries an fd of a process. Returns undefined if the fd has no program (the kernel's ENOTSUPP or ENOENT). */
export function taskFdQuery(pid: number, fd: number): TaskFdInfo | undefined {
  let size = 256;
  for (;;) {
    const callBuffer = beginCall();
    const room = placeRoom(size);
    BpfTaskFdQueryAttr.fill(callBuffer.view, 0, { pid, fd, flags: 0, buf_len: size, buf: room.address });
    const result = tryCommand(callBuffer, BpfCmd.BPF_TASK_FD_QUERY, BpfTaskFdQueryAttr.size);
    const attr = BpfTaskFdQueryAttr.view(callBuffer.view);
    if (result >= 0) {
      const { prog_id, fd_type, probe_offset, probe_addr } = attr;
      return { prog_id, fd_type, probe_offset, probe_addr, name: textUntilNul(room.bytes) };
    }
    if (result === -Errno.ENOSPC && attr.buf_len >= size) {
      // buf_len is the text's length without its NUL.
      size = attr.buf_len + 1;
      continue;
    }
    if (result === -Errno.ENOTSUPP || result === -Errno.EOPNOTSUPP || result === -Errno.ENOENT) return undefined;
    throw commandError(BpfCmd.BPF_TASK_FD_QUERY, -result, { needs: ["CAP_SYS_ADMIN"] });
  }
}
