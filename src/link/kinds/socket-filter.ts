import { fstatSync } from "node:fs";
import { Errno, NotSupportedError, SyscallError, UsageError } from "../../errors/index.ts";
import { Program } from "../../program/index.ts";
import { type SocketOption, setSocketOption } from "../../sys/index.ts";
import { BpfLinkType, BpfProgType } from "../../uapi/index.ts";
import { checkArguments } from "../attach-arguments.ts";
import { Attachment } from "../attachment.ts";
import { explained, type Hook } from "../hook.ts";
import type { Link } from "../link.ts";

/** An open socket of Node (`net.Socket`, `dgram.Socket`, …), or an fd. */
export type SocketSource = number | object;

type Option = keyof typeof SocketOption;

/** One of the two hooks of a socket. */
interface SocketHook {
  readonly what: string;
  readonly attach: Option;
  readonly detach: Option;
  readonly programTypes: readonly BpfProgType[];
  readonly explain?: Hook["explain"];
}

const FILTER: SocketHook = {
  what: "socket filter",
  attach: "SO_ATTACH_BPF",
  detach: "SO_DETACH_BPF",
  programTypes: [BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER],
};
const REUSEPORT: SocketHook = {
  what: "reuseport selection",
  attach: "SO_ATTACH_REUSEPORT_EBPF",
  detach: "SO_DETACH_REUSEPORT_BPF",
  programTypes: [BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER, BpfProgType.BPF_PROG_TYPE_SK_REUSEPORT],
  explain: ({ errno }) =>
    errno === Errno.EINVAL ? "SO_REUSEPORT must be set on the socket before it is bound" : undefined,
};

/**
 * Attaches a socket_filter program to a socket (SO_ATTACH_BPF; 3.19). The program returns how many bytes of a packet
 * the socket receives; 0 drops the packet. If a filter is already attached, the program replaces it. The program stays
 * attached until it is detached or the socket is closed.
 */
export function attachSocketFilter(program: Program, socket: SocketSource): Link {
  checkArguments("attachSocketFilter", program, {}, {});
  return attachToSocket(program, socket, FILTER);
}

/**
 * Attaches a program to a SO_REUSEPORT group (SO_ATTACH_REUSEPORT_EBPF; 4.5, sk_reuseport programs 4.19). For each
 * packet, the program selects a socket of the group. The program stays attached to the whole group until it is detached
 * (5.3) or the group is gone.
 */
export function attachReuseport(program: Program, socket: SocketSource): Link {
  checkArguments("attachReuseport", program, {}, {});
  return attachToSocket(program, socket, REUSEPORT);
}

function attachToSocket(program: Program, source: SocketSource, place: SocketHook): Link {
  const fd = fdOfSocket(source);
  const hook: Hook = {
    name: `fd ${fd} as ${place.what}`,
    programTypes: place.programTypes,
    explain: (refusal) => (refusal.errno === Errno.ENOTSOCK ? "the fd is not a socket" : place.explain?.(refusal)),
  };
  const set = (one: Program): void => explained(one, hook, () => setSocketOption(fd, place.attach, one.fd));
  set(program);
  // When the attachment ends, the number of the fd may belong to another file. The socket was closed in this case, so
  // the kernel has detached the program, unless something else holds the socket.
  const { ino } = fstatSync(fd);
  const isSame = (): boolean => {
    try {
      return fstatSync(fd).ino === ino;
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
        const detail = "a socket option replaces whatever program is attached";
        throw new NotSupportedError({
          feature: `replacing a ${place.what} only if a given program is attached`,
          detail,
        });
      }
      if (!isSame()) throw new UsageError(`the socket of ${program.what} is closed`);
      set(next);
    },
  });
}

function removeProgram(fd: number, place: SocketHook): void {
  try {
    setSocketOption(fd, place.detach, 0);
  } catch (error) {
    // ENOENT: another process has already detached the program.
    if (!(error instanceof SyscallError) || error.errno !== Errno.ENOENT) throw error;
  }
}

/**
 * Returns the fd of a socket. Throws UsageError if the socket has no fd: it is closed, or not yet connected or bound.
 */
function fdOfSocket(source: SocketSource): number {
  if (typeof source === "number" && Number.isInteger(source) && source >= 0) return source;
  const fd = typeof source === "object" && source !== null ? handleOf(source)?.fd : undefined;
  if (fd !== undefined && fd >= 0) return fd;
  throw new UsageError("the socket has no fd: it is not connected or bound yet, it is closed, or it is not a socket");
}

interface Handle {
  readonly fd?: number;
}

/**
 * Returns Node's internal handle of a socket, because Node has no public way to get the fd. A datagram socket keeps the
 * handle in a state object. Other sockets keep it in `_handle`.
 */
function handleOf(socket: object): Handle | null | undefined {
  for (const symbol of Object.getOwnPropertySymbols(socket)) {
    if (symbol.description !== "state symbol") continue;
    return (socket as Record<symbol, { readonly handle?: Handle | null }>)[symbol]?.handle;
  }
  return (socket as { readonly _handle?: Handle | null })._handle;
}
