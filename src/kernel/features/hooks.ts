import { assemble, exit, mov, r0 } from "../../asm/index.ts";
import { type Btf, BtfKind } from "../../btf/index.ts";
import { Errno } from "../../errors/index.ts";
import { SECTION_KINDS } from "../../object/index.ts";
import { closeFd, linkCreate, tryProgLoad } from "../../sys/index.ts";
import {
  attachTypeName,
  BpfAttachType,
  BpfLinkType,
  BpfProgType,
  linkTypeName,
  namesInOrder,
} from "../../uapi/index.ts";
import { kernelBtf } from "../kernel-btf.ts";
import { featureLack } from "./lack.ts";
import { tryMake } from "./probes.ts";
import { PROGRAM_OPTIONS, type Support, supportOf } from "./support.ts";
import type { FeatureName } from "./table.ts";

/** An attach type or a link type, and how the answer was found. */
export interface HookFeature {
  readonly name: string;
  readonly support: Support;
  /**
   * `probe`: the kernel was asked to attach a program. `config`: the kernel was built without the option. `btf`: the
   * answer is whether the kernel's BTF has the constant.
   */
  readonly source: "probe" | "config" | "btf";
}

/** The attach types and the link types that this kernel supports. */
export interface HookFeatures {
  readonly attachTypes: readonly HookFeature[];
  readonly linkTypes: readonly HookFeature[];
}

/**
 * Finds out which attach types and link types this kernel supports. Probes those that can be probed without attaching
 * anything. For the others, looks at the kernel's build options, and looks up the constant in the kernel's BTF. Neither
 * needs a capability.
 */
export function probeHooks(): HookFeatures {
  const btf = kernelBtf();
  const attachTypes = namesInOrder(attachTypeName).map((name, type) =>
    answer({ name, enum: "bpf_attach_type", constant: `BPF_${name.toUpperCase()}` }, probeAttachType(type), btf),
  );
  const linkTypes = namesInOrder(linkTypeName)
    .map((name, type) =>
      answer(
        type === BpfLinkType.BPF_LINK_TYPE_STRUCT_OPS
          ? STRUCT_OPS_LINK
          : { name, enum: "bpf_link_type", constant: `BPF_LINK_TYPE_${name.toUpperCase()}` },
        probeLinkType(type),
        btf,
      ),
    )
    .slice(1);
  return { attachTypes, linkTypes };
}

/** A hook, and the enum and the constant that the kernel has for it. */
interface Hook {
  readonly name: string;
  readonly enum: string;
  readonly constant: string;
}

/**
 * Linux 5.19 has the link type for its trampolines alone. Linux 6.4 lets programs create such links, and has had the
 * attach type since then.
 */
const STRUCT_OPS_LINK: Hook = { name: "struct_ops", enum: "bpf_attach_type", constant: "BPF_STRUCT_OPS" };

function answer(hook: Hook, probed: Support | undefined, btf: Btf): HookFeature {
  const { name } = hook;
  if (probed !== undefined) return { name, support: probed, source: "probe" };
  const feature = FEATURES_BY_NAME.find(([pattern]) => pattern.test(name))?.[1];
  if (feature !== undefined && featureLack(feature)?.kind === "config") {
    return { name, support: "missing", source: "config" };
  }
  return { name, support: hasConstant(hook, btf) ? "available" : "missing", source: "btf" };
}

/** The hooks that depend on a build option. The table of features has the option. */
const FEATURES_BY_NAME: readonly (readonly [RegExp, FeatureName])[] = [
  [/^netkit/, "link:netkit"],
  [/^netfilter$/, "link:netfilter"],
  [/kprobe_(?:multi|session)$/, "link:kprobe_multi"],
  [/uprobe_(?:multi|session)$/, "link:uprobe_multi"],
  [/^lsm_/, "attach:lsm"],
  [/^lirc_mode2$/, "attach:lirc"],
];

function hasConstant({ enum: type, constant }: Hook, btf: Btf): boolean {
  const id = btf.find(type, BtfKind.ENUM);
  const found = id === undefined ? undefined : btf.type(id);
  return found?.kind === "enum" && found.values.some(({ name }) => name === constant);
}

/** An fd that is not open. As the index of a network device, it names none. */
const NO_TARGET = 0x7fffffff;
/** The errnos for a target that does not exist. The kernel looks for the target only if it has the attach type. */
const NO_SUCH_TARGET: ReadonlySet<number> = new Set([Errno.EBADF, Errno.ENODEV]);

/** Returns undefined if a probe cannot tell. */
function probeAttachType(type: BpfAttachType): Support | undefined {
  const prog_type = progTypeOf(type);
  if (prog_type === undefined) return undefined;
  const { fd, errno } = tryProgLoad({
    prog_type,
    // Some types of programs may return only 1.
    insns: assemble([mov(r0, 1), exit()]),
    ...PROGRAM_OPTIONS.get(prog_type),
    expected_attach_type: type,
  });
  if (fd === undefined) return supportOf(errno) === "forbidden" ? "forbidden" : undefined;
  try {
    return supportOfLink(tryMake(() => linkCreate(fd, NO_TARGET, type)));
  } finally {
    closeFd(fd);
  }
}

function supportOfLink(errno: number): Support | undefined {
  if (errno === 0 || NO_SUCH_TARGET.has(errno)) return "available";
  return supportOf(errno) === "forbidden" ? "forbidden" : undefined;
}

/** Returns the type of program for an attach type, by libbpf's section names. */
function progTypeOf(attachType: BpfAttachType): BpfProgType | undefined {
  // The number 0 is also what types of programs without an attach type have.
  if (attachType === BpfAttachType.BPF_CGROUP_INET_INGRESS) return BpfProgType.BPF_PROG_TYPE_CGROUP_SKB;
  return SECTION_KINDS.find((kind) => kind.attachType === attachType)?.type;
}

/** For link types: an attach type for which the kernel makes such a link. */
const LINKS: ReadonlyMap<number, BpfAttachType> = new Map<number, BpfAttachType>([
  [BpfLinkType.BPF_LINK_TYPE_CGROUP, BpfAttachType.BPF_CGROUP_INET_EGRESS],
  [BpfLinkType.BPF_LINK_TYPE_NETNS, BpfAttachType.BPF_SK_LOOKUP],
  [BpfLinkType.BPF_LINK_TYPE_XDP, BpfAttachType.BPF_XDP],
  [BpfLinkType.BPF_LINK_TYPE_TCX, BpfAttachType.BPF_TCX_INGRESS],
  [BpfLinkType.BPF_LINK_TYPE_NETKIT, BpfAttachType.BPF_NETKIT_PRIMARY],
  [BpfLinkType.BPF_LINK_TYPE_SOCKMAP, BpfAttachType.BPF_SK_SKB_STREAM_VERDICT],
]);

function probeLinkType(type: BpfLinkType): Support | undefined {
  const attachType = LINKS.get(type);
  return attachType === undefined ? undefined : probeAttachType(attachType);
}
