import { Errno } from "../../errors/index.ts";
import { bpf, kernelConfig, readNumber } from "../../sys/index.ts";
import { BpfMapType, BpfProgType, helperNames, mapTypeName, namesInOrder, progTypeName } from "../../uapi/index.ts";
import { type HookFeatures, probeHooks } from "./hooks.ts";
import { probeKfuncs, type TypeKfuncs } from "./kfuncs.ts";
import {
  PROGRAM_FEATURES,
  type ProgramFeature,
  probeHelper,
  probeMapType,
  probeProgramFeature,
  probeProgramType,
  type Support,
} from "./support.ts";

/** Options of {@link kernelFeatures}. */
export interface KernelFeaturesOptions {
  /**
   * The index of a network device. If given, probes what this device's hardware supports instead of what the kernel
   * supports.
   */
  readonly ifindex?: number | undefined;
  /** Also probes helper functions that make the kernel write to its log when a program that calls them is loaded. */
  readonly full?: boolean | undefined;
  /** Also finds the kfuncs that each type of program may call. This takes some thousand probes. */
  readonly kfuncs?: boolean | undefined;
  /** Also finds the attach types and link types. */
  readonly hooks?: boolean | undefined;
}

/** The name of a feature, and the result of probing it. */
export interface ProbedFeature<Name extends string = string> {
  readonly name: Name;
  readonly support: Support;
}

/** The BPF features that a kernel or a device supports. */
export interface KernelFeatures {
  /** The settings and build options; undefined for a device. */
  readonly system: SystemSettings | undefined;
  /** False if the kernel has no bpf(2). Then no other feature is probed. */
  readonly hasBpf: boolean;
  readonly programTypes: readonly ProbedFeature[];
  readonly mapTypes: readonly ProbedFeature[];
  readonly helpers: readonly TypeHelpers[];
  readonly misc: readonly ProbedFeature<ProgramFeature>[];
  /** Undefined if the kfuncs were not requested, or if the kernel's BTF does not mark them. */
  readonly kfuncs?: readonly TypeKfuncs[] | undefined;
  /** Undefined if the hooks were not requested. */
  readonly hooks?: HookFeatures | undefined;
}

/** The settings of the kernel and its build options. */
export interface SystemSettings {
  /** The numbers in the files of /proc/sys. A number is undefined if its file cannot be read. */
  readonly settings: Readonly<Record<keyof typeof SETTINGS, number | undefined>>;
  /**
   * The build options that matter to BPF, with their values. A value is undefined if the option is not set. The whole
   * map is undefined if the kernel's config cannot be read.
   */
  readonly config: ReadonlyMap<string, string | undefined> | undefined;
}

/** The helper functions that a type of program may call. */
export interface TypeHelpers {
  readonly programType: string;
  /** The result of probing the program type itself. */
  readonly support: Support;
  /** The helper functions. `support` is undefined if they cannot be probed for this program type. */
  readonly helpers: readonly { readonly name: string; readonly support: Support | undefined }[];
}

const SETTINGS = {
  unprivileged_bpf_disabled: "/proc/sys/kernel/unprivileged_bpf_disabled",
  bpf_jit_enable: "/proc/sys/net/core/bpf_jit_enable",
  bpf_jit_harden: "/proc/sys/net/core/bpf_jit_harden",
  bpf_jit_kallsyms: "/proc/sys/net/core/bpf_jit_kallsyms",
  bpf_jit_limit: "/proc/sys/net/core/bpf_jit_limit",
} as const;

/** The build options that matter to BPF, in bpftool's order. */
const OPTIONS = (
  "BPF BPF_SYSCALL HAVE_EBPF_JIT BPF_JIT BPF_JIT_ALWAYS_ON DEBUG_INFO_BTF DEBUG_INFO_BTF_MODULES CGROUPS CGROUP_BPF " +
  "CGROUP_NET_CLASSID SOCK_CGROUP_DATA BPF_EVENTS KPROBE_EVENTS UPROBE_EVENTS TRACING FTRACE_SYSCALLS " +
  "FUNCTION_ERROR_INJECTION BPF_KPROBE_OVERRIDE NET XDP_SOCKETS LWTUNNEL_BPF NET_ACT_BPF NET_CLS_BPF NET_CLS_ACT " +
  "NET_SCH_INGRESS XFRM IP_ROUTE_CLASSID IPV6_SEG6_BPF BPF_LIRC_MODE2 BPF_STREAM_PARSER NETFILTER_XT_MATCH_BPF TEST_BPF HZ"
)
  .split(" ")
  .map((name) => `CONFIG_${name}`);

/**
 * The helper functions that make the kernel print a message or a warning as soon as a program that calls them is
 * loaded.
 */
const NOISY: ReadonlySet<string> = new Set(["bpf_trace_printk", "bpf_trace_vprintk", "bpf_probe_write_user"]);

const p = BpfProgType;
const m = BpfMapType;
/** The types of programs and maps that can be offloaded to a device. */
const OFFLOADED_PROGRAMS: ReadonlySet<number> = new Set([p.BPF_PROG_TYPE_SCHED_CLS, p.BPF_PROG_TYPE_XDP]);
const OFFLOADED_MAPS: ReadonlySet<number> = new Set([m.BPF_MAP_TYPE_HASH, m.BPF_MAP_TYPE_ARRAY]);

/**
 * Probes which BPF features this kernel supports: types of programs and maps, helper functions, and the versions of the
 * instruction set. Also reads the kernel's settings and build options. With `ifindex`, probes what the hardware of this
 * network device supports. If this thread lacks the capabilities for a probe, the result is `forbidden`, not `missing`.
 */
export function kernelFeatures(options: KernelFeaturesOptions = {}): KernelFeatures {
  const { ifindex, full = false } = options;
  const system = ifindex === undefined ? systemSettings() : undefined;
  if (!hasBpf()) return { system, hasBpf: false, programTypes: [], mapTypes: [], helpers: [], misc: [] };
  const isOffloaded = (types: ReadonlySet<number>, type: number): boolean => ifindex === undefined || types.has(type);
  const programTypes = numbered(progTypeName).filter(({ number }) => isOffloaded(OFFLOADED_PROGRAMS, number));
  const mapTypes = numbered(mapTypeName).filter(({ number }) => isOffloaded(OFFLOADED_MAPS, number));
  const programs = programTypes.map((type) => ({ ...type, support: probeProgramType(type.number, ifindex) }));
  const names = helperNames.slice(1).filter((name) => full || !NOISY.has(name));
  return {
    system,
    hasBpf: true,
    programTypes: programs.map(({ name, support }) => ({ name, support })),
    mapTypes: mapTypes.map(({ name, number }) => ({ name, support: probeMapType(number, ifindex) })),
    helpers: programs.map(({ name: programType, number, support }) => ({
      programType,
      support,
      helpers: names.map((name) => ({
        name,
        support: support === "available" ? probeHelper(number, name, ifindex) : support,
      })),
    })),
    misc: PROGRAM_FEATURES.map((name) => ({ name, support: probeProgramFeature(name, ifindex) })),
    kfuncs: options.kfuncs === true ? probeKfuncs() : undefined,
    hooks: options.hooks === true ? probeHooks() : undefined,
  };
}

/** Returns the names and numbers of a table of types, except for the number 0, which means "unspecified". */
function numbered(nameOf: (number: number) => string | undefined): { number: number; name: string }[] {
  return namesInOrder(nameOf)
    .map((name, number) => ({ number, name }))
    .slice(1);
}

/** No command of bpf(2) has this number. A kernel with bpf(2) rejects it with EINVAL or EPERM. */
const NO_COMMAND = 0xffff;

function hasBpf(): boolean {
  return bpf(NO_COMMAND, new Uint8Array(0)) !== -Errno.ENOSYS;
}

function systemSettings(): SystemSettings {
  const all = kernelConfig();
  const settings = Object.fromEntries(Object.entries(SETTINGS).map(([name, path]) => [name, readNumber(path)]));
  return {
    settings: settings as SystemSettings["settings"],
    config: all && new Map(OPTIONS.map((name) => [name, all.get(name)])),
  };
}
