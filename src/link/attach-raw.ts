import { checkOptions, type OptionTable, required } from "../kernel/index.ts";
import type { BpfMap } from "../map/index.ts";
import type { Program } from "../program/index.ts";
import { type LinkCreateOptions, linkCreate } from "../sys/index.ts";
import { type AttachTypeName, attachTypeNumber } from "./attach-arguments.ts";
import { KernelLink } from "./link.ts";

/** What LINK_CREATE takes, for kinds of links that no other function here makes. */
export interface AttachRawOptions {
  /** An fd, or the index of a network device; 0 where the program itself knows its target. */
  readonly target: number;
  /** A program; for struct_ops a map. */
  readonly program: Program | BpfMap;
  /** `cgroup_inet_egress`, … or BPF_*. */
  readonly attachType: AttachTypeName;
  /** The BTF type in the target program to attach to, for freplace. */
  readonly btfId?: number | undefined;
  /** Flags of the kernel's, as they are. */
  readonly flags?: number | undefined;
  /** The group of options for the kind of link, by the kernel's names. */
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
 * Attaches by BPF_LINK_CREATE with nothing added and nothing checked (5.7): for kinds newer than this library.
 * Throws SyscallError with what the kernel says.
 */
export function attachRaw(options: AttachRawOptions): KernelLink {
  checkOptions("attachRaw", options, OPTIONS);
  const { target, program, btfId, flags } = options;
  const type = attachTypeNumber(options.attachType);
  const plain = btfId === undefined && flags === undefined && options.options === undefined;
  const more = plain ? undefined : { ...options.options, flags, target_btf_id: btfId };
  return KernelLink.of(linkCreate(program.fd, target, type, more), `link of ${program.what}`);
}
