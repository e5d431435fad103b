import { type CamelCase, camelCase } from "../layout/index.ts";
import { type LinkInfo as KernelLinkInfo, linkInfo } from "../sys/index.ts";

/**
 * What the kernel says about a link; `kind` tells which fields there are. They are those of `struct bpf_link_info`, in
 * camelCase; one that this kernel is too old for is undefined.
 */
export type LinkInfo = CamelCase<KernelLinkInfo>;
/** The info of one kind of link: `LinkInfoOf<"xdp">`. */
export type LinkInfoOf<K extends LinkInfo["kind"]> = Extract<LinkInfo, { readonly kind: K }>;
/** What a perf event link is attached to; `kind` tells which fields there are. Kernels before 6.6 do not say: `unspec`. */
export type PerfEventInfo = LinkInfoOf<"perf_event">["event"];

/** Reads the info of the link that a file descriptor belongs to. */
export function readLinkInfo(fd: number): LinkInfo {
  return camelCase(linkInfo(fd));
}
