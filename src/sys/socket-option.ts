import { lookUp } from "../layout/index.ts";
import { beginCall, placeU32s } from "./call-buffer.ts";
import { syscall } from "./ffi.ts";
import { fail } from "./permission.ts";

/** The socket options at level SOL_SOCKET that concern programs (include/uapi/asm-generic/socket.h). */
export const SocketOption = {
  SO_REUSEPORT: 15,
  SO_DETACH_BPF: 27,
  SO_ATTACH_BPF: 50,
  SO_ATTACH_REUSEPORT_EBPF: 52,
  SO_DETACH_REUSEPORT_BPF: 68,
} as const;
export type SocketOption = (typeof SocketOption)[keyof typeof SocketOption];

const SOL_SOCKET = 1;

/** Calls setsockopt(2) with a number. Throws SyscallError. */
export function setSocketOption(fd: number, option: keyof typeof SocketOption, value: number): void {
  beginCall();
  const result = syscall(
    "setsockopt",
    fd,
    SOL_SOCKET,
    lookUp(SocketOption, option, "socket option"),
    placeU32s([value]),
    4,
  );
  if (result < 0) throw fail(`setsockopt(${option})`, -result);
}
