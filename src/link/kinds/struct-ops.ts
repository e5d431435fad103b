import { Errno, SyscallError, UsageError } from "../../errors/index.ts";
import type { BpfMap } from "../../map/index.ts";
import { closeFd, duplicateFd, linkCreate, mapDeleteElem, mapUpdateElem } from "../../sys/index.ts";
import { BpfAttachType, BpfLinkType, BpfMapFlag } from "../../uapi/index.ts";
import { Attachment } from "../attachment.ts";
import { KernelLink, type Link } from "../link.ts";

/**
 * The properties of a loaded object that attachStructOps() needs: its maps, and for each struct_ops map the bytes whose
 * writing registers it.
 */
export interface StructOpsObject {
  readonly name: string;
  readonly maps: Readonly<Record<string, BpfMap>>;
  readonly structOps: Readonly<Record<string, Uint8Array>>;
}

const KEY: Uint8Array = new Uint8Array(4);

/**
 * Registers a struct of callbacks of a loaded object, such as a congestion control. `name` is the name of the struct's
 * map. A struct in the section `.struct_ops.link` is registered by a link (6.4) and ends with this link. A struct in
 * `.struct_ops` is registered by writing its map (5.6). Such a struct outlives the process: it ends with `close()`, or
 * when its map element is deleted.
 */
export function attachStructOps(object: StructOpsObject, name: string): Link {
  const map = registerStructOps(object, name);
  if (isLinkedStructOps(map)) {
    return KernelLink.of(linkCreate(map.fd, 0, BpfAttachType.BPF_STRUCT_OPS), `link of ${map.what}`);
  }
  // Duplicate the fd, because the object's map may be closed before the attachment.
  const fd = duplicateFd(map.fd);
  return new Attachment({
    what: `attachment of ${map.what}`,
    type: BpfLinkType.BPF_LINK_TYPE_STRUCT_OPS,
    linkFeature: "link:struct_ops",
    end: () => {
      try {
        unregisterStructOps(fd);
      } finally {
        closeFd(fd);
      }
    },
  });
}

/**
 * Replaces the struct of callbacks of a link with another struct of the same kind, atomically (6.4). With `old`, it
 * replaces only if the link's struct is `old`. Throws UsageError if the link already has the new struct: up to 6.18,
 * such an update triggers a kernel BUG that locks struct_ops until the next reboot.
 */
export function updateStructOps(
  link: Link,
  object: StructOpsObject,
  name: string,
  options: { old?: BpfMap } = {},
): void {
  const info = link.info();
  if (info.kind !== "struct_ops") throw new UsageError(`${link.what} is a link of kind ${info.kind}, not struct_ops`);
  const next = structOpsMap(object, name);
  if (info.mapId === next.id) {
    throw new UsageError(`${link.what} already has ${next.what}, and an update to the same map can crash the kernel`);
  }
  if (!isLinkedStructOps(next))
    throw new UsageError(
      `${next.what} cannot be attached by a link: it is in the section .struct_ops, not in .struct_ops.link`,
    );
  registerStructOps(object, name);
  link.update(next, options);
}

function structOpsMap(object: StructOpsObject, name: string): BpfMap {
  const map = object.maps[name];
  if (map !== undefined && Object.hasOwn(object.structOps, name)) return map;
  const names = Object.keys(object.structOps);
  const hint = names.length === 0 ? "none" : names.join(", ");
  throw new UsageError(`object ${object.name} has no struct_ops map ${name}; its struct_ops maps are: ${hint}`);
}

/** Returns true if a struct_ops map is registered by a link. */
export function isLinkedStructOps(map: BpfMap): boolean {
  return (map.info().map_flags & BpfMapFlag.BPF_F_LINK) !== 0;
}

/**
 * Writes the only element of a struct_ops map and returns the map. This registers a struct of the section
 * `.struct_ops`, until {@link unregisterStructOps}. A struct of `.struct_ops.link` is registered later, by a link.
 */
export function registerStructOps(object: StructOpsObject, name: string): BpfMap {
  const map = structOpsMap(object, name);
  try {
    mapUpdateElem(map.fd, KEY, object.structOps[name] as Uint8Array);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    const { call, errno } = error;
    // EBUSY: the map was already written. Its content stays the same, and it can get another link.
    if (errno === Errno.EBUSY && isLinkedStructOps(map)) return map;
    const subject = `${map.what} cannot be registered`;
    throw new SyscallError({ call, errno, subject, reason: reasonOf(errno), hint: error.hint }, { cause: error });
  }
  return map;
}

/**
 * Ends the registration of a struct that was registered without a link. For a map that a link registers, the kernel
 * refuses this with EOPNOTSUPP. `fd` is the fd of the map.
 */
export function unregisterStructOps(fd: number): void {
  mapDeleteElem(fd, KEY);
}

function reasonOf(errno: number): string | undefined {
  switch (errno) {
    case Errno.EEXIST:
      return "another struct_ops map with the same name is registered";
    case Errno.EBUSY:
      return "the map is already registered";
    case Errno.EINVAL:
      return "the kernel does not accept its contents: a name or a callback may be missing";
    default:
      return undefined;
  }
}
