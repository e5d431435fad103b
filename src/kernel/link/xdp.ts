import { readFileSync } from "node:fs";
import { UsageError } from "../../errors/index.ts";
import { linkCreate } from "../../sys/index.ts";
import { BpfAttachType, XdpFlag } from "../../uapi/index.ts";
import type { Program } from "../program/program.ts";
import { type Link, newLink } from "./link.ts";

/** Where and how a program is attached to a network device. */
export interface XdpPlace {
  /** The device's name in this network namespace, such as `eth0`, or its index. */
  readonly device: string | number;
  /** In the driver, in the network stack, or in the hardware; what the driver can where left out. */
  readonly mode?: "driver" | "generic" | "offload" | undefined;
}

const MODES = {
  driver: XdpFlag.XDP_FLAGS_DRV_MODE,
  generic: XdpFlag.XDP_FLAGS_SKB_MODE,
  offload: XdpFlag.XDP_FLAGS_HW_MODE,
} as const;

/** Attaches an XDP program to a network device by a link (5.9). One program fits a device and mode. */
export function attachXdp(program: Program, place: XdpPlace): Link {
  const ifindex = deviceIndex(place.device);
  const flags = place.mode === undefined ? 0 : MODES[place.mode];
  return newLink(() => linkCreate(program.fd, ifindex, BpfAttachType.BPF_XDP, { flags }));
}

/** The index of a network device of this namespace. Throws UsageError if there is none of that name. */
export function deviceIndex(device: string | number): number {
  if (typeof device === "number") {
    if (Number.isInteger(device) && device > 0) return device;
    throw new UsageError(`${device} is not the index of a network device: they count from 1`);
  }
  if (!/^[^/\s]{1,15}$/.test(device) || device === "." || device === "..") {
    throw new UsageError(`"${device}" is not the name of a network device`);
  }
  try {
    // /sys/class/net shows the namespace that sysfs was mounted in; /proc/self/net the thread's own.
    return Number(readFileSync(`/sys/class/net/${device}/ifindex`, "utf8"));
  } catch (error) {
    throw new UsageError(`there is no network device ${device}`, { cause: error });
  }
}
