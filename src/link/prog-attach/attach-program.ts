import { Errno, UsageError } from "../../errors/index.ts";
import { causeText } from "../../explain/index.ts";
import { checkOptions, type FeatureName, type OptionKind } from "../../kernel/index.ts";
import type { Program } from "../../program/index.ts";
import { progAttach, progDetach } from "../../sys/index.ts";
import { BpfAttachType, BpfProgType, LIST_ATTACH_TYPES } from "../../uapi/index.ts";
import { POSITION_OPTIONS, type Position, reasonInList, withAttachPosition } from "../anchor.ts";
import { type AttachTypeName, attachTypeNumber, checkArguments, resolveAttachType } from "../attach-arguments.ts";
import {
  attachProgram as attachToCgroup,
  type AttachProgramOptions as CgroupAttachOptions,
  type DetachProgramOptions as CgroupDetachOptions,
  detachProgram as detachFromCgroup,
} from "../cgroup/attach.ts";
import { explained, type Hook } from "../hook.ts";
import { HOOK_TARGETS, type HookTarget, withHookTarget } from "./hook-target.ts";

/** Where to attach a program without a link, at hooks that do not belong to a cgroup. */
export type HookPlace = Exclude<HookTarget, { readonly cgroup: string }> & {
  /** `tcx_ingress`, `sk_msg_verdict`, `lirc_mode2`, … Default: the attach type that the program was loaded for. */
  readonly attachType?: AttachTypeName | undefined;
  /** Kernel flags that no other option sets. */
  readonly flags?: number | undefined;
} & Position;

/** Where and how to attach a program without a link: to a cgroup, or to any other hook. */
export type AttachProgramOptions = CgroupAttachOptions | HookPlace;
/** Where to detach a program that was attached without a link. */
export type DetachProgramOptions = CgroupDetachOptions | HookPlace;

const a = BpfAttachType;
const p = BpfProgType;
/**
 * For each attach type: the type of program that fits, and the feature that the attach type needs. Without a `feature`,
 * every kernel has the attach type.
 */
const HOOKS: ReadonlyMap<number, { readonly type: BpfProgType; readonly feature?: FeatureName }> = new Map<
  number,
  { readonly type: BpfProgType; readonly feature?: FeatureName }
>([
  [a.BPF_TCX_INGRESS, { type: p.BPF_PROG_TYPE_SCHED_CLS, feature: "link:tcx" }],
  [a.BPF_TCX_EGRESS, { type: p.BPF_PROG_TYPE_SCHED_CLS, feature: "link:tcx" }],
  [a.BPF_NETKIT_PRIMARY, { type: p.BPF_PROG_TYPE_SCHED_CLS, feature: "link:netkit" }],
  [a.BPF_NETKIT_PEER, { type: p.BPF_PROG_TYPE_SCHED_CLS, feature: "link:netkit" }],
  [a.BPF_SK_MSG_VERDICT, { type: p.BPF_PROG_TYPE_SK_MSG }],
  [a.BPF_SK_SKB_VERDICT, { type: p.BPF_PROG_TYPE_SK_SKB, feature: "attach:sk_skb_verdict" }],
  [a.BPF_SK_SKB_STREAM_VERDICT, { type: p.BPF_PROG_TYPE_SK_SKB }],
  [a.BPF_SK_SKB_STREAM_PARSER, { type: p.BPF_PROG_TYPE_SK_SKB }],
  [a.BPF_FLOW_DISSECTOR, { type: p.BPF_PROG_TYPE_FLOW_DISSECTOR }],
  [a.BPF_LIRC_MODE2, { type: p.BPF_PROG_TYPE_LIRC_MODE2, feature: "attach:lirc" }],
]);

const OPTIONS: Readonly<Record<string, OptionKind>> = {
  ...HOOK_TARGETS,
  ...POSITION_OPTIONS,
  attachType: "any",
  flags: "natural",
};

/**
 * Attaches a program without a link, by BPF_PROG_ATTACH (4.10). The target is a cgroup, a network device (tcx 6.6,
 * netkit 6.7), a sockmap, this network namespace (for a flow dissector) or an infrared receiver. The program stays
 * attached until it is detached or its target is gone. At a hook with a list, an `anchor` selects the place in the
 * list, or the program to replace.
 */
export function attachProgram(program: Program, options: AttachProgramOptions): void {
  if (isAtCgroup(options)) {
    attachToCgroup(program, options);
    return;
  }
  checkArguments("attachProgram", program, options, OPTIONS as never);
  const type = resolveAttachType(options.attachType, program);
  atHook(options, (target, name, position) => {
    explained(program, hookAt(name, type, program), () => progAttach(program.fd, target, type, position));
  });
}

/**
 * Detaches a program that was attached without a link. For tcx and netkit, `program` may be undefined: the anchor
 * `head` then detaches the first program of the list, `tail` the last one.
 */
export function detachProgram(program: Program | undefined, options: DetachProgramOptions): void {
  if (isAtCgroup(options)) {
    if (program === undefined) throw new UsageError("detachProgram: give the program to detach from the cgroup");
    detachFromCgroup(program, options);
    return;
  }
  if (program === undefined) checkOptions("detachProgram", options, OPTIONS as never);
  else checkArguments("detachProgram", program, options, OPTIONS as never);
  const type = detachedType(program, options);
  atHook(options, (target, name, position) => {
    const detach = (): void => progDetach(program?.fd, target, type, position);
    if (program === undefined) detach();
    else explained(program, hookAt(name, type, program), detach);
  });
}

/** Returns true if the options name a cgroup. If the options are not an object, checkOptions() throws later. */
function isAtCgroup<T extends object>(options: T): options is Extract<T, { readonly cgroup: string }> {
  return typeof options === "object" && options !== null && "cgroup" in options;
}

type Call = (target: number, name: string, position: Parameters<typeof progAttach>[3]) => void;

function atHook(place: HookPlace, call: Call): void {
  const act = (target: number, name: string): void =>
    withAttachPosition(place, place.flags, (position) => call(target, name, position));
  if (!("netns" in place)) withHookTarget(place, act);
  // PROG_ATTACH always uses the caller's network namespace (netns_bpf_prog_attach in kernel/bpf/net_namespace.c).
  else if (place.netns === "self") act(0, "this network namespace");
  else {
    throw new UsageError(
      'without a link a program can only be attached to this network namespace ("self"); use attachNetns for another one',
    );
  }
}

function detachedType(program: Program | undefined, { attachType }: HookPlace): BpfAttachType {
  if (program !== undefined) return resolveAttachType(attachType, program);
  if (attachType !== undefined) return attachTypeNumber(attachType);
  throw new UsageError("detachProgram: give the program to detach, or the attachType of the hook");
}

function hookAt(name: string, attachType: BpfAttachType, program: Program): Hook {
  const hook = HOOKS.get(attachType);
  return {
    name,
    attachType,
    programTypes: [hook?.type ?? program.type],
    feature: hook?.feature,
    explain: ({ errno }) =>
      reasonOf(errno) ?? (LIST_ATTACH_TYPES.has(attachType) ? reasonInList(errno) : reasonAlone(errno)),
  };
}

function reasonOf(errno: number): string | undefined {
  if (errno === Errno.ENODEV) return causeText("noDevice");
  return errno === Errno.ENXIO ? "a device of this kind has no such hook" : undefined;
}

function reasonAlone(errno: number): string | undefined {
  return errno === Errno.ENOENT ? causeText("notAttached") : undefined;
}
