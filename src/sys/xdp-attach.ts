import { addFlags } from "../layout/index.ts";
import { IfAttribute, Ifinfomsg, XdpFlag } from "../uapi/index.ts";
import { routeRequest } from "./netlink.ts";

/** Options for attaching an XDP program without a link. */
export interface XdpAttachOptions {
  /** Flags: XDP_FLAGS_*. */
  readonly flags?: number | undefined;
  /** The fd of the program that must be attached now. Otherwise the kernel refuses the call (5.7). */
  readonly expectedFd?: number | undefined;
}

/** Attaches an XDP program to a network device by netlink. The fd -1 detaches it. Throws SyscallError. */
export function xdpAttach(progFd: number, ifindex: number, { flags = 0, expectedFd }: XdpAttachOptions = {}): void {
  const all = expectedFd === undefined ? flags : addFlags(flags, XdpFlag.XDP_FLAGS_REPLACE, "flags");
  routeRequest({
    type: "RTM_SETLINK",
    header: Ifinfomsg.alloc({ ifi_index: ifindex }),
    attributes: [
      [
        IfAttribute.IFLA_XDP,
        [
          [IfAttribute.IFLA_XDP_FD, progFd],
          [IfAttribute.IFLA_XDP_FLAGS, all],
          ...(expectedFd === undefined ? [] : ([[IfAttribute.IFLA_XDP_EXPECTED_FD, expectedFd]] as const)),
        ],
      ],
    ],
  });
}
