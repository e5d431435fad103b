import { Errno, NotSupportedError, SyscallError, UsageError } from "../../errors/index.ts";
import { LINK_FEATURES } from "../../kernel/index.ts";
import type { BpfMap } from "../../map/index.ts";
import { Program } from "../../program/index.ts";
import { duplicateFd, linkCreate, OwnedFd, progAttach, progDetach } from "../../sys/index.ts";
import { BpfAttachType, BpfLinkType, BpfMapType, BpfProgType } from "../../uapi/index.ts";
import { type AttachTypeName, resolveAttachType } from "../attach-type.ts";
import { Attachment } from "../attachment.ts";
import { type Attempt, attempt, isTooOld, refusalOf } from "../attempt.ts";
import { type Link, newLink, type UpdateOptions } from "../link.ts";

/** Where a program is attached to the sockets of a map. */
export interface SockmapPlace {
  /** A sockmap or sockhash. A socket gets the programs that the map has when it is put in. */
  readonly map: BpfMap;
  /** `sk_msg_verdict`, `sk_skb_verdict`, `sk_skb_stream_verdict`, `sk_skb_stream_parser`; the program's own where left out. */
  readonly attachType?: AttachTypeName | undefined;
  /** By BPF_PROG_ATTACH instead of a link, which keeps the program there as long as the map lives. */
  readonly withoutLink?: boolean | undefined;
}

const t = BpfAttachType;
const PROGRAM_TYPES: ReadonlyMap<number, BpfProgType> = new Map([
  [t.BPF_SK_MSG_VERDICT, BpfProgType.BPF_PROG_TYPE_SK_MSG],
  [t.BPF_SK_SKB_VERDICT, BpfProgType.BPF_PROG_TYPE_SK_SKB],
  [t.BPF_SK_SKB_STREAM_VERDICT, BpfProgType.BPF_PROG_TYPE_SK_SKB],
  [t.BPF_SK_SKB_STREAM_PARSER, BpfProgType.BPF_PROG_TYPE_SK_SKB],
]);
const SOCKET_MAPS: ReadonlySet<number> = new Set([BpfMapType.BPF_MAP_TYPE_SOCKMAP, BpfMapType.BPF_MAP_TYPE_SOCKHASH]);
const LINKS_SINCE: string | undefined = LINK_FEATURES["link:sockmap"].since;

/**
 * Attaches a verdict or parser program to a sockmap or sockhash by a link (6.10). Kernels without such links, and calls
 * with `withoutLink`, attach it by BPF_PROG_ATTACH (4.14): `close()` takes it off again. Each map takes one program per
 * attach type, and either sk_skb_verdict or the stream programs.
 */
export function attachSockmap(program: Program, place: SockmapPlace): Link {
  const { map } = place;
  const attachType = resolveAttachType(place.attachType, program);
  const facts = attemptAt(program, map, attachType);
  if (place.withoutLink !== true) {
    try {
      return newLink(() => linkCreate(program.fd, map.fd, attachType), [], `link to ${facts.where}`);
    } catch (error) {
      if (!isTooOld(error, "link:sockmap")) throw refusalOf(facts, error);
    }
  }
  return attachWithoutLink(facts, map);
}

function attemptAt(program: Program, map: BpfMap, attachType: BpfAttachType): Attempt {
  const where = map.what;
  const type = PROGRAM_TYPES.get(attachType);
  if (type === undefined) throw new UsageError(`${program.what} has an attach type that is not one of a sockmap`);
  return {
    program,
    where,
    attachType,
    programTypes: [type],
    feature: attachType === t.BPF_SK_SKB_VERDICT ? "attach:sk_skb_verdict" : undefined,
    // A sk_skb program may be loaded for no type in particular (bpf_prog_attach_check_attach_type does not look).
    loadedFor: type === BpfProgType.BPF_PROG_TYPE_SK_SKB ? undefined : [attachType],
    meaning: (errno) => sockmapMeaning(errno, map),
  };
}

function sockmapMeaning(errno: number, map: BpfMap): string | undefined {
  if (!SOCKET_MAPS.has(map.type)) return `it is a map of type ${map.typeName}, not sockmap or sockhash`;
  if (errno === Errno.EBUSY) return "the map has a program of this kind, or sk_skb_verdict beside stream programs";
  if (errno === Errno.EOPNOTSUPP) return "the kernel must be built with CONFIG_BPF_STREAM_PARSER";
  return undefined;
}

/** The kernel holds the program for the map; program and map are kept open to take it off again. */
function attachWithoutLink(facts: Attempt, map: BpfMap): Attachment {
  const { program, attachType, where } = facts;
  const what = `attachment of ${program.what} to ${where}`;
  const mapFd = new OwnedFd(duplicateFd(map.fd), what);
  let progFd = attachDuplicate(facts, program, mapFd.number, what, () => mapFd.close());
  return new Attachment({
    what,
    type: BpfLinkType.BPF_LINK_TYPE_SOCKMAP,
    since: LINKS_SINCE,
    end: () => {
      try {
        detachIfThere(progFd.number, mapFd.number, attachType);
      } finally {
        progFd.close();
        mapFd.close();
      }
    },
    update: (next, options) => {
      checkUpdate(next, options);
      const nextFd = attachDuplicate(facts, next as Program, mapFd.number, what);
      progFd.close();
      progFd = nextFd;
    },
  });
}

/** An fd of the caller's program that stays open, of which it is attached; where that fails, `undo` is called. */
function attachDuplicate(facts: Attempt, program: Program, mapFd: number, what: string, undo?: () => void): OwnedFd {
  let fd: OwnedFd | undefined;
  try {
    const own = new OwnedFd(duplicateFd(program.fd), what);
    fd = own;
    attempt({ ...facts, program }, () => progAttach(own.number, mapFd, facts.attachType));
    return own;
  } catch (error) {
    fd?.close();
    undo?.();
    throw error;
  }
}

function checkUpdate(next: Program | BpfMap, { old }: UpdateOptions): void {
  if (!(next instanceof Program)) throw new UsageError(`${next.what} is not a program`);
  if (old === undefined) return;
  throw new NotSupportedError({
    feature: "comparing with an old program",
    minVersion: LINKS_SINCE,
    detail: "PROG_ATTACH to a sockmap replaces whatever is there",
  });
}

function detachIfThere(progFd: number, mapFd: number, attachType: BpfAttachType): void {
  try {
    progDetach(progFd, mapFd, attachType);
  } catch (error) {
    // Somebody else took it off, or put another in its place.
    if (!(error instanceof SyscallError) || error.errno !== Errno.ENOENT) throw error;
  }
}
