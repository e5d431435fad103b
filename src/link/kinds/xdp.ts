import { Errno, SyscallError, UsageError } from "../../errors/index.ts";
import { type OptionTable, required } from "../../kernel/index.ts";
import { Program } from "../../program/index.ts";
import { duplicateFd, linkCreate, netDevices, OwnedFd, xdpAttach } from "../../sys/index.ts";
import { BpfAttachType, BpfLinkType, BpfProgType, XdpFlag } from "../../uapi/index.ts";
import { checkArguments } from "../attach-arguments.ts";
import { Attachment } from "../attachment.ts";
import { findDevice, missingDevice } from "../device.ts";
import { attach, explained, type Hook } from "../hook.ts";
import type { KernelLink, Link } from "../link.ts";

/** Where and how to attach an XDP program to a network device. */
export interface XdpPlace {
  /** The device's name in this network namespace, such as `eth0`, or its index. */
  readonly device: string | number;
  /**
   * Run in the driver, in the network stack or in the hardware. Default: in the driver if it supports XDP, otherwise in
   * the network stack (`generic`).
   */
  readonly mode?: "driver" | "generic" | "offload" | undefined;
  /**
   * Use netlink instead of a link. The program then stays attached until the attachment is closed or the device is
   * gone.
   */
  readonly withoutLink?: boolean | undefined;
}

const MODES = {
  driver: XdpFlag.XDP_FLAGS_DRV_MODE,
  generic: XdpFlag.XDP_FLAGS_SKB_MODE,
  offload: XdpFlag.XDP_FLAGS_HW_MODE,
} as const;

const OPTIONS: OptionTable<XdpPlace> = { device: required("any"), mode: Object.keys(MODES), withoutLink: "boolean" };

/**
 * Attaches an XDP program to a network device by a link (5.9). A device takes one program in each mode. A program that
 * accepts packets in several buffers must be loaded with BPF_F_XDP_HAS_FRAGS (section `xdp.frags`; 5.18). A program for
 * the hardware must be loaded with the device's index. With `withoutLink` the program is attached by netlink (4.8;
 * needs CAP_NET_ADMIN). The program then outlives the process, unless the attachment is closed or detached. `update()`
 * accepts `old` on Linux 5.7 and newer.
 */
export function attachXdp(program: Program, place: XdpPlace & { readonly withoutLink: true }): Attachment;
export function attachXdp(program: Program, place: XdpPlace & { readonly withoutLink?: false | undefined }): KernelLink;
export function attachXdp(program: Program, place: XdpPlace): Link;
export function attachXdp(program: Program, place: XdpPlace): Link {
  checkArguments("attachXdp", program, place, OPTIONS);
  const { ifindex, what: name } = findDevice(place.device);
  const { mode } = place;
  const flags = mode === undefined ? 0 : MODES[mode];
  const attachType = BpfAttachType.BPF_XDP;
  const hook: Hook = {
    name,
    attachType,
    programTypes: [BpfProgType.BPF_PROG_TYPE_XDP],
    // Before 5.9, XDP programs were loaded without an attach type.
    loadedFor: [attachType, 0],
    explain: ({ errno }) => missingDevice(errno, ifindex) ?? reasonOf(errno, mode),
    found: () => programsOf(ifindex),
  };
  if (place.withoutLink === true) return attachWithoutLink(program, hook, ifindex, flags);
  return attach(program, hook, () => linkCreate(program.fd, ifindex, attachType, { flags }));
}

/**
 * Attaches by netlink. The device holds the program. The attachment keeps an fd of the program, because detaching needs
 * it.
 */
function attachWithoutLink(program: Program, hook: Hook, ifindex: number, flags: number): Attachment {
  const what = `attachment of ${program.what} to ${hook.name}`;
  /**
   * Attaches a program and returns a new fd of this program. With `expectedFd`, it attaches only if the program with
   * this fd is attached now.
   */
  const set = (one: Program, expectedFd?: number): OwnedFd => {
    const own = new OwnedFd(duplicateFd(one.fd), what);
    const mode = expectedFd === undefined ? flags | XdpFlag.XDP_FLAGS_UPDATE_IF_NOEXIST : flags;
    const explain: Hook["explain"] = (refusal) =>
      refusal.errno === Errno.EEXIST && expectedFd !== undefined
        ? "another program was attached there at the same time"
        : hook.explain?.(refusal);
    try {
      explained(one, { ...hook, explain }, () => xdpAttach(own.number, ifindex, { flags: mode, expectedFd }));
      return own;
    } catch (error) {
      own.close();
      throw error;
    }
  };
  let current = set(program);
  return new Attachment({
    what,
    type: BpfLinkType.BPF_LINK_TYPE_XDP,
    end: () => {
      try {
        xdpAttach(-1, ifindex, { flags, expectedFd: current.number });
      } catch (error) {
        // EEXIST: another program is attached. ENODEV or EINVAL: the device is gone.
        const ended: readonly number[] = [Errno.EEXIST, Errno.ENODEV, Errno.EINVAL];
        if (!(error instanceof SyscallError) || !ended.includes(error.errno)) throw error;
      } finally {
        current.close();
      }
    },
    update: (next, { old }) => {
      if (!(next instanceof Program)) throw new UsageError(`${next.what} is not a program`);
      if (old !== undefined && !(old instanceof Program)) throw new UsageError(`${old.what} is not a program`);
      const replaced = set(next, old?.fd ?? current.number);
      current.close();
      current = replaced;
    },
  });
}

/** Says which programs a device has now. */
function programsOf(ifindex: number): string[] {
  const device = netDevices().find((one) => one.ifindex === ifindex);
  return (device?.xdp ?? []).map(({ mode, prog_id }) => `${device?.name} has the program ${prog_id} in ${mode} mode`);
}

function reasonOf(errno: number, mode: XdpPlace["mode"]): string | undefined {
  switch (errno) {
    case Errno.EBUSY:
      return "another program is attached to the device in this mode";
    case Errno.EEXIST:
      return "a program is attached to it in another mode; a device can have a program in driver or in generic mode, not in both";
    case Errno.EOPNOTSUPP:
      return mode === "driver"
        ? "the device's driver does not support XDP; the mode generic works with every device"
        : undefined;
    case Errno.EINVAL:
      if (mode === "offload")
        return "the mode offload needs a device that can run programs itself, and a program that was loaded for this device";
      return mode && "a program that was loaded for a device's hardware can be attached only in the mode offload";
    default:
      return undefined;
  }
}
