import { checkOptions, type OptionTable, required } from "../kernel/index.ts";
import type { BpfMap } from "../map/index.ts";
import type { Program } from "../program/index.ts";
import { type LinkCreateOptions, linkCreate } from "../sys/index.ts";
import { type AttachTypeName, attachTypeNumber } from "./attach-arguments.ts";
import { KernelLink } from "./link.ts";

/** The arguments of LINK_CREATE. Use them for kinds of links for which this library has no attach function. */
export interface AttachRawOptions {
  /** An fd, or the index of a network device; 0 if the target was fixed when the program was loaded. */
  readonly target: number;
  /** The program to attach. For struct_ops, the map to attach. */
  readonly program: Program | BpfMap;
  /** The attach type: `cgroup_inet_egress`, … or a BPF_* number. */
  readonly attachType: AttachTypeName;
  /** For freplace: the BTF type in the target program to attach to. */
  readonly btfId?: number | undefined;
  /** The kernel's flags. They are passed on unchanged. */
  readonly flags?: number | undefined;
  /** The fields of `bpf_attr` for this kind of link, with the kernel's names. */
  readonly options?: Omit<LinkCreateOptions, "flags" | "target_btf_id"> | undefined;
}

const OPTIONS: OptionTable<AttachRawOptions> = {
  target: required("natural"),
  program: required("object"),
  attachType: required("any"),
  btfId: "natural",
  flags: "natural",
  options: "object",
};

/**
 * Calls BPF_LINK_CREATE (5.7). The arguments are neither checked nor completed. Use this function for kinds of links
 * that are newer than this library. Throws SyscallError with the kernel's errno.
 */
export function attachRaw(options: AttachRawOptions): KernelLink {
  checkOptions("attachRaw", options, OPTIONS);
  const { target, program, btfId, flags } = options;
  const type = attachTypeNumber(options.attachType);
  const plain = btfId === undefined && flags === undefined && options.options === undefined;
  const more = plain ? undefined : { ...options.options, flags, target_btf_id: btfId };
  return KernelLink.of(linkCreate(program.fd, target, type, more), `link of ${program.what}`);
}
