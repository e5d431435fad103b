import { fstatSync } from "node:fs";
import { Errno, NotSupportedError, SyscallError, UsageError } from "../../errors/index.ts";
import { Program } from "../../program/index.ts";
import { type SocketOption, setSocketOption } from "../../sys/index.ts";
import { BpfLinkType, BpfProgType } from "../../uapi/index.ts";
import { Attachment } from "../attachment.ts";
import type { Link } from "../link.ts";

/** A socket of Node's (`net.Socket`, `dgram.Socket`, …) while it is open, or an fd. */
export type SocketSource = number | object;

type Option = keyof typeof SocketOption;

/** One of the two places for a program on a socket. */
interface Place {
  readonly what: string;
  readonly attach: Option;
  readonly detach: Option;
  readonly types: readonly BpfProgType[];
  readonly takes: string;
}

const FILTER: Place = {
  what: "socket filter",
  attach: "SO_ATTACH_BPF",
  detach: "SO_DETACH_BPF",
  types: [BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER],
  takes: "socket_filter",
};
const REUSEPORT: Place = {
  what: "reuseport selection",
  attach: "SO_ATTACH_REUSEPORT_EBPF",
  detach: "SO_DETACH_REUSEPORT_BPF",
  types: [BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER, BpfProgType.BPF_PROG_TYPE_SK_REUSEPORT],
  takes: "socket_filter or sk_reuseport",
};

/**
 * Attaches a socket_filter program to a socket (SO_ATTACH_BPF; 3.19): it says how many bytes of each packet are
 * received, 0 for none. Another that is attached gives way. It stays until it is detached or the socket is closed.
 */
export function attachSocketFilter(program: Program, socket: SocketSource): Link {
  return attachToSocket(program, socket, FILTER);
}

/**
 * Attaches a program that selects the socket of a SO_REUSEPORT group for each packet (SO_ATTACH_REUSEPORT_EBPF; 4.5,
 * sk_reuseport programs 4.19). It stays for the whole group until it is detached (5.3) or the group is gone.
 */
export function attachReuseport(program: Program, socket: SocketSource): Link {
  return attachToSocket(program, socket, REUSEPORT);
}

function attachToSocket(program: Program, source: SocketSource, place: Place): Link {
  const fd = socketFd(source);
  const inode = fstatSync(fd).ino;
  setProgram(fd, program, place);
  // The fd's number may be another file's by the time the attachment ends: then the socket is gone, and with it the
  // program, unless something else holds it.
  const isSame = (): boolean => {
    try {
      return fstatSync(fd).ino === inode;
    } catch {
      return false;
    }
  };
  return new Attachment({
    what: `${place.what} attachment of ${program.what}`,
    type: BpfLinkType.BPF_LINK_TYPE_UNSPEC,
    end: () => {
      if (isSame()) removeProgram(fd, place);
    },
    update: (next, { old }) => {
      if (!(next instanceof Program)) throw new UsageError(`${next.what} is not a program`);
      if (old !== undefined) {
        const detail = "a socket option replaces whatever is there";
        throw new NotSupportedError({ feature: `comparing a ${place.what} with an old program`, detail });
      }
      if (!isSame()) throw new UsageError(`the socket of ${program.what} is closed`);
      setProgram(fd, next, place);
    },
  });
}

function setProgram(fd: number, program: Program, place: Place): void {
  try {
    setSocketOption(fd, place.attach, program.fd);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    const subject = `${program.what} (${program.typeName}) cannot be attached to fd ${fd} as ${place.what}`;
    if (error.errno === Errno.ENOTSOCK) throw new UsageError(`${subject}: it is not a socket`, { cause: error });
    if (!place.types.includes(program.type)) {
      throw new UsageError(`${subject}: it takes ${place.takes} programs`, { cause: error });
    }
    const unbound = place === REUSEPORT && error.errno === Errno.EINVAL;
    const hint = unbound ? "the socket must have had SO_REUSEPORT when it was bound" : error.hint;
    throw new SyscallError({ call: error.call, errno: error.errno, subject, hint }, { cause: error });
  }
}

function removeProgram(fd: number, place: Place): void {
  try {
    setSocketOption(fd, place.detach, 0);
  } catch (error) {
    // Somebody else took it off already.
    if (!(error instanceof SyscallError) || error.errno !== Errno.ENOENT) throw error;
  }
}

/** The fd of a socket. Throws UsageError where it has none: not yet connected or bound, or closed. */
function socketFd(source: SocketSource): number {
  if (typeof source === "number") return source;
  const fd = handleOf(source)?.fd;
  if (fd !== undefined && fd >= 0) return fd;
  throw new UsageError("the socket has no fd: it is not connected or bound yet, or closed already");
}

interface Handle {
  readonly fd?: number;
}

/** Node has no public way to a socket's fd. Of datagram sockets the handle is in a state object, of others in `_handle`. */
function handleOf(socket: object): Handle | null | undefined {
  for (const symbol of Object.getOwnPropertySymbols(socket)) {
    if (symbol.description !== "state symbol") continue;
    return (socket as Record<symbol, { readonly handle?: Handle | null }>)[symbol]?.handle;
  }
  return (socket as { readonly _handle?: Handle | null })._handle;
}
