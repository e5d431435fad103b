import { closeSync, openSync } from "node:fs";
import { UsageError } from "../../errors/index.ts";
import type { BpfMap } from "../../map/index.ts";
import { withCgroup } from "../cgroup/cgroup-fd.ts";
import { findDevice } from "../device.ts";
import { withNetwork } from "../kinds/netns.ts";

/** What a hook belongs to: where programs are attached without a link, and listed. */
export type HookTarget =
  /** tcx and netkit: a network device by name or index. */
  | { readonly device: string | number }
  /** flow_dissector and sk_lookup: a path or an fd, `self` for the calling thread's namespace. */
  | { readonly netns: string | number }
  /** The verdicts and the parser of a sockmap or sockhash. */
  | { readonly map: BpfMap }
  /** Path of a directory in a cgroup v2 hierarchy. */
  | { readonly cgroup: string }
  /** Path of an infrared receiver, `/dev/lirc0`. */
  | { readonly lirc: string }
  /** An fd or an index, as the kernel takes it for the attach type. */
  | { readonly target: number };

/** Calls `use` with the number that the kernel takes for a target, and what it is for errors; an fd is open meanwhile. */
export function withHookTarget<T>(at: HookTarget, use: (target: number, what: string) => T): T {
  if ("device" in at) {
    const { ifindex, what } = findDevice(at.device);
    return use(ifindex, what);
  }
  if ("netns" in at) return withNetwork(at.netns === "self" ? undefined : at.netns, use);
  if ("map" in at) return use(at.map.fd, at.map.what);
  if ("target" in at) return use(at.target, `target ${at.target}`);
  if ("lirc" in at) return withReceiver(at.lirc, use);
  return withCgroup(at.cgroup, ({ fd }) => use(fd, `cgroup ${at.cgroup}`));
}

function withReceiver<T>(path: string, use: (fd: number, what: string) => T): T {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR")
      throw new UsageError(`there is no infrared receiver ${path}`, { cause: error });
    throw error;
  }
  try {
    return use(fd, `infrared receiver ${path}`);
  } finally {
    closeSync(fd);
  }
}
