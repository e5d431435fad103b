import { Errno } from "../../errors/index.ts";
import { linkCreate } from "../../sys/index.ts";
import { BpfAttachType, BpfProgType, XdpFlag } from "../../uapi/index.ts";
import type { Program } from "../program/program.ts";
import { attempt } from "./attempt.ts";
import { deviceMeaning, findDevice } from "./device.ts";
import { type KernelLink, newLink } from "./link.ts";

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

/**
 * Attaches an XDP program to a network device by a link (5.9). One program fits a device and mode. A program for
 * packets in several buffers is loaded with BPF_F_XDP_HAS_FRAGS (section `xdp.frags`; 5.18), one for the hardware with
 * the device's index.
 */
export function attachXdp(program: Program, place: XdpPlace): KernelLink {
  const { ifindex, what: where } = findDevice(place.device);
  const { mode } = place;
  const flags = mode === undefined ? 0 : MODES[mode];
  const attachType = BpfAttachType.BPF_XDP;
  const meaning = (errno: number): string | undefined => deviceMeaning(errno, ifindex) ?? xdpMeaning(errno, mode);
  const facts = {
    program,
    where,
    attachType,
    programTypes: [BpfProgType.BPF_PROG_TYPE_XDP],
    // 0 is how programs before 5.9 were loaded.
    loadedFor: [attachType, 0],
    meaning,
  };
  return newLink(
    () => attempt(facts, () => linkCreate(program.fd, ifindex, attachType, { flags })),
    [],
    `link to ${where}`,
  );
}

function xdpMeaning(errno: number, mode: XdpPlace["mode"]): string | undefined {
  switch (errno) {
    case Errno.EBUSY:
      return "another program is attached to it in this mode";
    case Errno.EEXIST:
      return "a program is attached to it in another mode: a device has either driver or generic programs";
    case Errno.EOPNOTSUPP:
      return mode === "driver" ? "its driver has no XDP: mode generic works with every device" : undefined;
    case Errno.EINVAL:
      if (mode === "offload") return "the program must be loaded for this device's hardware, and the device have such";
      return mode === undefined ? undefined : "a program that was loaded for a device's hardware goes there alone";
    default:
      return undefined;
  }
}
