import { closeSync, openSync } from "node:fs";
import { UsageError } from "../../errors/index.ts";
import type { BpfMap } from "../../map/index.ts";
import { nodeError } from "../../sys/index.ts";
import { withCgroup } from "../cgroup/cgroup-fd.ts";
import { findDevice } from "../device.ts";
import { withNetworkNamespace } from "../network-namespace.ts";

/** The object to which a hook belongs. attachProgram(), detachProgram() and queryPrograms() take one. */
export type HookTarget =
  /** For tcx and netkit: a network device, by name or index. */
  | { readonly device: string | number }
  /** For flow_dissector and sk_lookup: a path or an fd, or `self` for the calling thread's namespace. */
  | { readonly netns: string | number }
  /** For verdict and parser programs: a sockmap or sockhash. */
  | { readonly map: BpfMap }
  /** The path of a directory in a cgroup v2 hierarchy. */
  | { readonly cgroup: string }
  /** The path of an infrared receiver, such as `/dev/lirc0`. */
  | { readonly lirc: string }
  /** The fd or the index that the kernel expects for the attach type. */
  | { readonly target: number };

/** The option table of a {@link HookTarget}. Functions that take a target include it in their own table. */
export const HOOK_TARGETS = {
  device: "any",
  netns: "any",
  map: "object",
  cgroup: "text",
  lirc: "text",
  target: "natural",
} as const;

/**
 * Calls `use` with the fd or index of a target, and with the name of the target for errors. If this function opened the
 * fd, it closes the fd afterwards.
 */
export function withHookTarget<T>(at: HookTarget, use: (target: number, what: string) => T): T {
  if ("device" in at) {
    const { ifindex, what } = findDevice(at.device);
    return use(ifindex, what);
  }
  if ("netns" in at) return withNetworkNamespace(at.netns === "self" ? undefined : at.netns, use);
  if ("map" in at) return use(at.map.fd, at.map.what);
  if ("lirc" in at) return withReceiver(at.lirc, use);
  if ("target" in at) {
    if (at.target > 0xffffffff) throw new UsageError(`${at.target} is neither an fd nor the index of a device`);
    return use(at.target, `target ${at.target}`);
  }
  if (!("cgroup" in at)) throw new UsageError(`give the target by one of ${Object.keys(HOOK_TARGETS).join(", ")}`);
  return withCgroup(at.cgroup, ({ fd }) => use(fd, `cgroup ${at.cgroup}`));
}

function withReceiver<T>(path: string, use: (fd: number, what: string) => T): T {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR") throw nodeError(error, path);
    throw new UsageError(`there is no infrared receiver ${path}`, { cause: error });
  }
  try {
    return use(fd, `infrared receiver ${path}`);
  } finally {
    closeSync(fd);
  }
}
