import { assemble, callKfunc, exit } from "../../asm/index.ts";
import { type Btf, BtfKind } from "../../btf/index.ts";
import type { ProgLoadOptions } from "../../sys/index.ts";
import { BpfAttachType, BpfProgType, namesInOrder, progTypeName } from "../../uapi/index.ts";
import { KernelBtf } from "../kernel-btf.ts";
import { tryLoad } from "./probes.ts";
import { PROGRAM_OPTIONS, type Support, supportOf } from "./support.ts";

/** The kfuncs that a type of program may call. */
export interface TypeKfuncs {
  readonly programType: string;
  /** `support` is undefined if no program of this type can be loaded without an attach target. */
  readonly kfuncs: readonly {
    readonly name: string;
    /** The module that has the function; undefined for the kernel itself. */
    readonly module: string | undefined;
    readonly support: Support | undefined;
  }[];
}

interface Kfunc {
  readonly name: string;
  readonly module: string | undefined;
  readonly id: number;
  /** The fd of the module's BTF. */
  readonly btfFd: number | undefined;
}

/**
 * Lists the kfuncs of the kernel and its modules. BTF says which functions are kfuncs; a probe says which types of
 * programs may call each. Returns undefined if BTF does not mark kfuncs, because the kernel was built with a pahole
 * older than 1.26.
 */
export function probeKfuncs(): readonly TypeKfuncs[] | undefined {
  using kernel = new KernelBtf();
  const kfuncs = [
    ...kfuncsIn(kernel.main, undefined, undefined),
    ...kernel.modules().flatMap(({ name, btf, fd }) => kfuncsIn(btf, name, fd.number)),
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
  if (kfuncs.length === 0) return undefined;
  return namesInOrder(progTypeName).flatMap((programType, type) => {
    if (type === BpfProgType.BPF_PROG_TYPE_UNSPEC) return [];
    // A freplace program replaces a function of another program, which the probe does not have.
    const options = type === BpfProgType.BPF_PROG_TYPE_EXT ? undefined : loadOptions(type, kernel.main);
    return [
      {
        programType,
        kfuncs: kfuncs.map((kfunc) => ({
          name: kfunc.name,
          module: kfunc.module,
          support: options && probe(kfunc, options),
        })),
      },
    ];
  });
}

/** pahole gives this declaration tag to each kfunc. */
const TAG = "bpf_kfunc";

function kfuncsIn(btf: Btf, module: string | undefined, btfFd: number | undefined): Kfunc[] {
  const found: Kfunc[] = [];
  for (let id = btf.firstId; id < btf.endId; id++) {
    if (btf.kind(id) !== BtfKind.DECL_TAG) continue;
    const tag = btf.type(id);
    if (tag.kind !== "decl_tag" || tag.name !== TAG) continue;
    const target = btf.type(tag.type);
    if (target.kind === "func") found.push({ name: target.name, module, id: tag.type, btfFd });
  }
  return found;
}

/** Returns the options to load a program of a type; undefined if it needs a target that the probe does not have. */
function loadOptions(prog_type: number, btf: Btf): Omit<ProgLoadOptions, "insns"> | undefined {
  const target = TARGETS.get(prog_type);
  if (target === undefined) return { prog_type, ...PROGRAM_OPTIONS.get(prog_type) };
  const attach_btf_id = btf.find(target.name, target.kind);
  return attach_btf_id === undefined
    ? undefined
    : { prog_type, expected_attach_type: target.attachType, attach_btf_id };
}

/** For types of programs that need an attach target: a target that most kernels have. */
const TARGETS: ReadonlyMap<number, { readonly attachType: number; readonly name: string; readonly kind: BtfKind }> =
  new Map([
    // An iterator program needs no trampoline, which some kernels refuse.
    [
      BpfProgType.BPF_PROG_TYPE_TRACING,
      { attachType: BpfAttachType.BPF_TRACE_ITER, name: "bpf_iter_task", kind: BtfKind.FUNC },
    ],
    [
      BpfProgType.BPF_PROG_TYPE_LSM,
      { attachType: BpfAttachType.BPF_LSM_MAC, name: "bpf_lsm_file_open", kind: BtfKind.FUNC },
    ],
    // The number is that of the struct's first callback.
    [BpfProgType.BPF_PROG_TYPE_STRUCT_OPS, { attachType: 0, name: "tcp_congestion_ops", kind: BtfKind.STRUCT }],
  ]);

const LOG = { size: 4096 };
/** The verifier's words if programs of a type may not call a kfunc. */
const NOT_ALLOWED = /calling kernel function \S+ is not allowed/;

function probe({ id, btfFd }: Kfunc, options: Omit<ProgLoadOptions, "insns">): Support | undefined {
  // With index 0, the verifier looks in the kernel's own BTF.
  const index = btfFd === undefined ? 0 : 1;
  const { errno, log } = tryLoad({
    ...options,
    insns: assemble([callKfunc(id, index), exit()]),
    ...(btfFd === undefined ? {} : { fd_array: [0, btfFd] }),
    log: LOG,
  });
  if (errno === 0) return "available";
  if (NOT_ALLOWED.test(log)) return "missing";
  if (log === "") return supportOf(errno);
  return "available";
}
