import { Errno, type SyscallError, UsageError } from "../../errors/index.ts";
import { checkU32 } from "../../layout/index.ts";
import { type BpfCmd, cmdName } from "../../uapi/index.ts";
import { beginCall, type CallBuffer } from "../call-buffer.ts";
import { bpfAt, lengthOf } from "../ffi.ts";
import type { PermissionContext } from "../permission.ts";
import { fail } from "../permission.ts";

/** Runs a command with the attr in the call buffer. Returns the result, or the negative errno. */
export function tryCommand(callBuffer: CallBuffer, cmd: BpfCmd, size: number): number {
  return bpfAt(cmd, callBuffer.base, size);
}

/** Runs a command with the attr in the call buffer. Throws SyscallError if it fails. */
export function runCommand(
  callBuffer: CallBuffer,
  cmd: BpfCmd,
  size: number,
  context?: PermissionContext & { subject?: string },
): number {
  const result = bpfAt(cmd, callBuffer.base, size);
  if (result < 0) throw commandError(cmd, -result, context);
  return result;
}

/** Returns the error for a failed command. `call` is for example `bpf(BPF_MAP_CREATE)`. */
export function commandError(
  cmd: BpfCmd,
  errno: number,
  context?: PermissionContext & { subject?: string },
): SyscallError {
  return fail(`bpf(${cmdName(cmd)})`, errno, context);
}

/** Like {@link runCommand}, but returns undefined for ENOENT. */
export function findCommand(
  callBuffer: CallBuffer,
  cmd: BpfCmd,
  size: number,
  context?: PermissionContext & { subject?: string },
): number | undefined {
  const result = bpfAt(cmd, callBuffer.base, size);
  if (result >= 0) return result;
  if (result === -Errno.ENOENT) return undefined;
  throw commandError(cmd, -result, context);
}

/**
 * Runs any bpf(2) command with an attr that the caller has built. The kernel's changes to the attr are copied back to
 * the caller's buffer. The addresses in the attr must stay valid during the call. Returns the result, or the negative
 * errno.
 */
export function bpf(cmd: BpfCmd, attr: Uint8Array): number {
  const size = lengthOf(attr);
  if (size > LONGEST_ATTR)
    throw new UsageError(
      `the attr of this bpf(2) call has ${size} bytes, but the kernel accepts at most ${LONGEST_ATTR}`,
    );
  const callBuffer = beginCall();
  callBuffer.bytes.set(attr, 0);
  const result = bpfAt(checkU32(cmd, "cmd"), callBuffer.base, size);
  attr.set(callBuffer.bytes.subarray(0, size));
  return result;
}

/** The longest attr: PAGE_SIZE. bpf_check_uarg_tail_zero() refuses a longer attr. */
const LONGEST_ATTR = 4096;
