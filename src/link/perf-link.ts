import { Errno, NotSupportedError, SyscallError } from "../errors/index.ts";
import type { Program } from "../program/index.ts";
import { closeFd, kernelAtLeast, linkCreate, perfEventEnable, perfEventSetBpf } from "../sys/index.ts";
import { BpfAttachType, BpfLinkType } from "../uapi/index.ts";
import { Attachment } from "./attachment.ts";
import { type LinkEnd, linkOf } from "./ended-link.ts";
import type { Link } from "./link.ts";
import { explained, type Refusal } from "./refusal.ts";

/** A cookie as it is given: a number is taken for what it is below 2^53. */
export type Cookie = bigint | number;

/** How a program is bound to a perf event. */
export interface PerfLinkOptions {
  readonly refusal: Refusal;
  readonly cookie?: Cookie | undefined;
  /** Without a link, by ioctl(PERF_EVENT_IOC_SET_BPF), even where the kernel has links. */
  readonly withoutLink?: boolean | undefined;
  readonly end?: LinkEnd | undefined;
}

/**
 * Binds a program to a perf event and starts the event: by a link (5.15), else for as long as the event's fd is open.
 * Takes the fd over: a link holds the event itself, so that the fd is closed at once.
 */
export function linkPerfEvent(program: Program, event: number, options: PerfLinkOptions): Link {
  const { cookie, end, refusal } = options;
  let keepsEvent = false;
  try {
    return explained(program, refusal, () => {
      const fd = options.withoutLink === true ? undefined : tryLink(program, event, cookie);
      if (fd !== undefined) {
        try {
          perfEventEnable(event);
        } catch (error) {
          closeFd(fd);
          throw error;
        }
        return linkOf(fd, end);
      }
      if (cookie !== undefined && BigInt(cookie) !== 0n) {
        throw new NotSupportedError({ feature: `cookies without a link (${refusal.hook})`, minVersion: "5.15" });
      }
      perfEventSetBpf(event, program.fd);
      perfEventEnable(event);
      keepsEvent = true;
      return new Attachment({
        what: `attachment of ${program.what} to ${refusal.hook}`,
        type: BpfLinkType.BPF_LINK_TYPE_PERF_EVENT,
        since: "5.15",
        end: () => {
          closeFd(event);
          end?.run();
        },
      });
    });
  } finally {
    if (!keepsEvent) closeFd(event);
  }
}

/** The link's fd; undefined on a kernel before 5.15, which knows no links to perf events. */
function tryLink(program: Program, event: number, cookie: Cookie | undefined): number | undefined {
  try {
    const options = cookie === undefined ? {} : { perf_event: { bpf_cookie: cookie } };
    return linkCreate(program.fd, event, BpfAttachType.BPF_PERF_EVENT, options);
  } catch (error) {
    const isOld = error instanceof SyscallError && error.errno === Errno.EINVAL && !kernelAtLeast(5, 15);
    if (isOld) return undefined;
    throw error;
  }
}
