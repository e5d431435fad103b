import { UsageError } from "../errors/index.ts";
import { tooOldFor } from "../kernel/index.ts";
import type { Program } from "../program/index.ts";
import { closeFd, linkCreate, perfEventEnable, perfEventSetBpf } from "../sys/index.ts";
import { BpfAttachType, BpfLinkType } from "../uapi/index.ts";
import { Attachment } from "./attachment.ts";
import { explained, type Hook, isTooOldFor } from "./hook.ts";
import { type Cleanup, KernelLink, type Link } from "./link.ts";

/** A cookie: a number from 0 to 2^53-1, or a bigint below 2^64. */
export type Cookie = bigint | number;

/** Options for attaching a program to a perf event. */
export interface PerfLinkOptions {
  readonly cookie?: Cookie | undefined;
  /** Use ioctl(PERF_EVENT_IOC_SET_BPF) even if the kernel has links to perf events. */
  readonly withoutLink?: boolean | undefined;
  readonly cleanup?: Cleanup | undefined;
}

/**
 * Attaches a program to a perf event and enables the event. Uses a link if the kernel supports it (5.15). Otherwise the
 * program stays attached as long as the event's fd is open. This function becomes the owner of the fd. With a link it
 * closes the fd at once, because the link holds the event.
 */
export function linkPerfEvent(program: Program, hook: Hook, event: number, options: PerfLinkOptions): Link {
  const { cookie, cleanup } = options;
  let keepsEvent = false;
  try {
    return explained(program, hook, () => {
      const fd = options.withoutLink === true ? undefined : tryLink(program, event, cookie);
      if (fd !== undefined) {
        try {
          perfEventEnable(event);
        } catch (error) {
          closeFd(fd);
          throw error;
        }
        return KernelLink.of(fd, `link of ${program.what} to ${hook.name}`, cleanup);
      }
      if (cookie !== undefined && BigInt(cookie) !== 0n) throw cookieWithoutLink(program, hook);
      perfEventSetBpf(event, program.fd);
      perfEventEnable(event);
      keepsEvent = true;
      return new Attachment({
        what: `attachment of ${program.what} to ${hook.name}`,
        type: BpfLinkType.BPF_LINK_TYPE_PERF_EVENT,
        linkFeature: "link:perf_event",
        end: () => {
          closeFd(event);
          cleanup?.run();
        },
      });
    });
  } finally {
    if (!keepsEvent) closeFd(event);
  }
}

/** Returns the fd of a new link. Returns undefined if the kernel has no links for perf events. */
function tryLink(program: Program, event: number, cookie: Cookie | undefined): number | undefined {
  try {
    const options = cookie === undefined ? {} : { perf_event: { bpf_cookie: cookie } };
    return linkCreate(program.fd, event, BpfAttachType.BPF_PERF_EVENT, options);
  } catch (error) {
    if (isTooOldFor("link:perf_event", error)) return undefined;
    throw error;
  }
}

function cookieWithoutLink(program: Program, { name }: Hook): Error {
  return (
    tooOldFor("cookie:perf_event", {}, undefined) ??
    new UsageError(
      `${program.what} cannot have a cookie at ${name}: only a link can have one; leave out the option 'mode'`,
    )
  );
}
