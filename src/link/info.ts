import { type CamelCase, camelCase } from "../layout/index.ts";
import { type LinkInfo as KernelLinkInfo, linkInfo } from "../sys/index.ts";

/**
 * The kernel's information about a link: the fields of `struct bpf_link_info` in camelCase. Which fields exist depends
 * on `kind`. A field is undefined if this kernel is too old to have it.
 */
export type LinkInfo = CamelCase<KernelLinkInfo>;
/** The info of one kind of link, for example `LinkInfoOf<"xdp">`. */
export type LinkInfoOf<K extends LinkInfo["kind"]> = Extract<LinkInfo, { readonly kind: K }>;
/** The target of a perf event link. Which fields exist depends on `kind`, which is `unspec` on kernels before 6.6. */
export type PerfEventInfo = LinkInfoOf<"perf_event">["event"];

/** Reads the info of a link from its fd. */
export function readLinkInfo(fd: number): LinkInfo {
  return camelCase(linkInfo(fd));
}
