import { checkOptions, type OptionTable, required } from "../kernel/index.ts";
import type { BpfMap } from "../map/index.ts";
import type { Program } from "../program/index.ts";
import { type LinkCreateOptions, linkCreate } from "../sys/index.ts";
import { type AttachTypeName, attachTypeNumber } from "./attach-arguments.ts";
import { KernelLink } from "./link.ts";

/** The arguments of LINK_CREATE, for kinds of links that this library has no attach function for. */
export interface AttachRawOptions {
  /** An fd, or the index of a network device. 0 if the target was fixed when the program was loaded. */
  readonly target: number;
  /** The program to attach. For struct_ops it is a map. */
  readonly program: Program | BpfMap;
  /** `cgroup_inet_egress`, … or BPF_*. */
  readonly attachType: AttachTypeName;
  /** The BTF type in the target program to attach to, for freplace. */
  readonly btfId?: number | undefined;
  /** The kernel's flags, passed on unchanged. */
  readonly flags?: number | undefined;
  /** The fields of `bpf_attr` for this kind of link, by the kernel's names. */
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
 * Calls BPF_LINK_CREATE (5.7) without checking or completing its arguments. Use it for kinds of links that are newer
 * than this library. Throws SyscallError with the kernel's errno.
 */
export function attachRaw(options: AttachRawOptions): KernelLink {
  checkOptions("attachRaw", options, OPTIONS);
  const { target, program, btfId, flags } = options;
  const type = attachTypeNumber(options.attachType);
  const plain = btfId === undefined && flags === undefined && options.options === undefined;
  const more = plain ? undefined : { ...options.options, flags, target_btf_id: btfId };
  return KernelLink.of(linkCreate(program.fd, target, type, more), `link of ${program.what}`);
}
