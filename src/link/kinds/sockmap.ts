import { Errno, NotSupportedError, SyscallError, UsageError } from "../../errors/index.ts";
import { feature, type OptionTable, required, Undo } from "../../kernel/index.ts";
import type { BpfMap } from "../../map/index.ts";
import { Program } from "../../program/index.ts";
import { duplicateFd, linkCreate, OwnedFd, progAttach, progDetach } from "../../sys/index.ts";
import { BpfAttachType, BpfLinkType, BpfMapType, BpfProgType } from "../../uapi/index.ts";
import { type AttachTypeName, checkArguments, resolveAttachType } from "../attach-arguments.ts";
import { Attachment } from "../attachment.ts";
import { attach, explained, type Hook, isTooOldFor } from "../hook.ts";
import type { Link } from "../link.ts";

/** The map to whose sockets a program is attached. */
export interface SockmapPlace {
  /** A sockmap or sockhash. When a socket is added to the map, it gets the programs that the map has at that time. */
  readonly map: BpfMap;
  /**
   * `sk_msg_verdict`, `sk_skb_verdict`, `sk_skb_stream_verdict` or `sk_skb_stream_parser`. Default: the attach type
   * that the program was loaded for.
   */
  readonly attachType?: AttachTypeName | undefined;
  /** Use BPF_PROG_ATTACH instead of a link. The program then stays attached as long as the map exists. */
  readonly withoutLink?: boolean | undefined;
}

const OPTIONS: OptionTable<SockmapPlace> = { map: required("object"), attachType: "any", withoutLink: "boolean" };

const t = BpfAttachType;
const PROGRAM_TYPES: ReadonlyMap<number, BpfProgType> = new Map([
  [t.BPF_SK_MSG_VERDICT, BpfProgType.BPF_PROG_TYPE_SK_MSG],
  [t.BPF_SK_SKB_VERDICT, BpfProgType.BPF_PROG_TYPE_SK_SKB],
  [t.BPF_SK_SKB_STREAM_VERDICT, BpfProgType.BPF_PROG_TYPE_SK_SKB],
  [t.BPF_SK_SKB_STREAM_PARSER, BpfProgType.BPF_PROG_TYPE_SK_SKB],
]);
const SOCKET_MAPS: ReadonlySet<number> = new Set([BpfMapType.BPF_MAP_TYPE_SOCKMAP, BpfMapType.BPF_MAP_TYPE_SOCKHASH]);

/**
 * Attaches a verdict or parser program to a sockmap or sockhash by a link (6.10). On older kernels, and with
 * `withoutLink`, this function uses BPF_PROG_ATTACH (4.14); `close()` then detaches the program. A map takes one
 * program for each attach type. It takes either an sk_skb_verdict program or the stream programs, not both.
 */
export function attachSockmap(program: Program, place: SockmapPlace): Link {
  checkArguments("attachSockmap", program, place, OPTIONS);
  const { map } = place;
  const attachType = resolveAttachType(place.attachType, program);
  const hook = sockmapHook(program, map, attachType);
  if (place.withoutLink !== true) {
    try {
      return attach(program, hook, () => linkCreate(program.fd, map.fd, attachType));
    } catch (error) {
      if (!isTooOldFor("link:sockmap", (error as Error).cause)) throw error;
    }
  }
  return attachWithoutLink(program, hook, map, attachType);
}

function sockmapHook(program: Program, map: BpfMap, attachType: BpfAttachType): Hook {
  const type = PROGRAM_TYPES.get(attachType);
  if (type === undefined) throw new UsageError(`${program.what}: its attach type is not one that sockmaps have`);
  return {
    name: map.what,
    attachType,
    programTypes: [type],
    feature: attachType === t.BPF_SK_SKB_VERDICT ? "attach:sk_skb_verdict" : undefined,
    // The kernel does not check which attach type an sk_skb program was loaded for (bpf_prog_attach_check_attach_type).
    loadedFor: type === BpfProgType.BPF_PROG_TYPE_SK_SKB ? undefined : [attachType],
    explain: ({ errno }) => reasonOf(errno, map),
  };
}

function reasonOf(errno: number, map: BpfMap): string | undefined {
  if (!SOCKET_MAPS.has(map.type)) return `the map is of type ${map.typeName}, not sockmap or sockhash`;
  if (errno === Errno.EBUSY)
    return "the map already has a program of this attach type, or it would have both an sk_skb_verdict program and a stream program";
  if (errno === Errno.EOPNOTSUPP) return "the kernel must be built with CONFIG_BPF_STREAM_PARSER";
  return undefined;
}

/**
 * Attaches by BPF_PROG_ATTACH. The attachment keeps an fd of the program and an fd of the map, because detaching needs
 * both.
 */
function attachWithoutLink(program: Program, hook: Hook, map: BpfMap, attachType: BpfAttachType): Attachment {
  const what = `attachment of ${program.what} to ${hook.name}`;
  const undo = new Undo();
  try {
    const mapFd = new OwnedFd(duplicateFd(map.fd), what);
    undo.add(() => mapFd.close());
    /** Attaches a program and returns a new fd of this program. */
    const set = (one: Program): OwnedFd => {
      const own = new OwnedFd(duplicateFd(one.fd), what);
      try {
        explained(one, hook, () => progAttach(own.number, mapFd.number, attachType));
        return own;
      } catch (error) {
        own.close();
        throw error;
      }
    };
    let current = set(program);
    return new Attachment({
      what,
      type: BpfLinkType.BPF_LINK_TYPE_SOCKMAP,
      linkFeature: "link:sockmap",
      end: () => {
        try {
          detachIfThere(current.number, mapFd.number, attachType);
        } finally {
          current.close();
          mapFd.close();
        }
      },
      update: (next, { old }) => {
        if (!(next instanceof Program)) throw new UsageError(`${next.what} is not a program`);
        if (old !== undefined) throw cannotCompare();
        const replaced = set(next);
        current.close();
        current = replaced;
      },
    });
  } catch (error) {
    undo.run();
    throw error;
  }
}

function cannotCompare(): NotSupportedError {
  return new NotSupportedError({
    feature: "replacing a program only if a given program is attached",
    minVersion: feature("link:sockmap").since,
    detail: "PROG_ATTACH to a sockmap replaces whatever program is attached",
  });
}

function detachIfThere(progFd: number, mapFd: number, attachType: BpfAttachType): void {
  try {
    progDetach(progFd, mapFd, attachType);
  } catch (error) {
    // ENOENT: another process has already detached or replaced the program.
    if (!(error instanceof SyscallError) || error.errno !== Errno.ENOENT) throw error;
  }
}
