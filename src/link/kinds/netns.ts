import { closeSync, openSync } from "node:fs";
import { Errno, UsageError } from "../../errors/index.ts";
import type { Program } from "../../program/index.ts";
import { linkCreate, Namespace, namespaceType } from "../../sys/index.ts";
import { BpfAttachType, BpfProgType } from "../../uapi/index.ts";
import { attempt } from "../attempt.ts";
import { type KernelLink, newLink } from "../link.ts";

/** Which network namespace a program is attached to. */
export interface NetnsPlace {
  /** A path such as `/run/netns/blue` or `/proc/1/ns/net`, or an fd; the calling thread's own where left out. */
  readonly netns?: string | number | undefined;
}

/** What a program of a type does in a network namespace; its own attach type would say the same. */
const ATTACH_TYPES: ReadonlyMap<number, BpfAttachType> = new Map([
  [BpfProgType.BPF_PROG_TYPE_FLOW_DISSECTOR, BpfAttachType.BPF_FLOW_DISSECTOR],
  [BpfProgType.BPF_PROG_TYPE_SK_LOOKUP, BpfAttachType.BPF_SK_LOOKUP],
]);

/**
 * Attaches a program to a network namespace by a link: a flow dissector (5.7), of which there is one at most, or
 * sk_lookup (5.9), which runs for each new connection and datagram in the order of attaching.
 */
export function attachNetns(program: Program, place: NetnsPlace = {}): KernelLink {
  const attachType = ATTACH_TYPES.get(program.type);
  if (attachType === undefined) {
    throw new UsageError(
      `${program.what} (${program.typeName}) cannot be attached to a network namespace: it takes flow_dissector or sk_lookup programs`,
    );
  }
  return withNetwork(place.netns, (fd, where) => {
    const meaning = (errno: number): string | undefined => netnsMeaning(errno, attachType);
    const facts = { program, where, attachType, programTypes: [program.type], meaning };
    return newLink(() => attempt(facts, () => linkCreate(program.fd, fd, attachType)), [], `link to ${where}`);
  });
}

const OWN = "/proc/thread-self/ns/net";

/** Opens a network namespace for a call. Throws UsageError where the path or the fd is none. */
export function withNetwork<T>(netns: string | number | undefined, use: (fd: number, what: string) => T): T {
  if (typeof netns === "number") return use(checked(netns, `fd ${netns}`), `the network namespace of fd ${netns}`);
  const path = netns ?? OWN;
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
    throw new UsageError(`there is no network namespace ${path}`, { cause: error });
  }
  try {
    return use(checked(fd, path), netns === undefined ? "this network namespace" : `network namespace ${path}`);
  } finally {
    closeSync(fd);
  }
}

/** The kernel says EINVAL of a file that is no network namespace, as of everything else. */
function checked(fd: number, what: string): number {
  if (namespaceType(fd) === Namespace.CLONE_NEWNET) return fd;
  throw new UsageError(`${what} is not a network namespace`);
}

function netnsMeaning(errno: number, attachType: BpfAttachType): string | undefined {
  if (errno === Errno.EEXIST) return "a flow dissector is attached to the first network namespace, or without a link";
  if (errno !== Errno.E2BIG) return undefined;
  return attachType === BpfAttachType.BPF_SK_LOOKUP ? "it has 64 sk_lookup programs already" : "it has one already";
}
