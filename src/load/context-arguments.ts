import { Btf, BtfEdit, BtfKind, type TypeId } from "../btf/index.ts";
import type { FunctionSpec, ProgramSpec } from "../object/index.ts";
import { BpfProgType } from "../uapi/index.ts";

/**
 * This tag marks an argument of a global function as the program's context, whatever type the argument has (Linux 6.8).
 */
const TAG = "arg:ctx";

const P = BpfProgType;
/** The context struct of each program type. Kernels before 6.8 recognize a context by the name of its struct. */
const CONTEXTS: ReadonlyMap<number, string> = new Map([
  [P.BPF_PROG_TYPE_CGROUP_DEVICE, "bpf_cgroup_dev_ctx"],
  [P.BPF_PROG_TYPE_CGROUP_SKB, "__sk_buff"],
  [P.BPF_PROG_TYPE_CGROUP_SOCK, "bpf_sock"],
  [P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "bpf_sock_addr"],
  [P.BPF_PROG_TYPE_CGROUP_SOCKOPT, "bpf_sockopt"],
  [P.BPF_PROG_TYPE_CGROUP_SYSCTL, "bpf_sysctl"],
  [P.BPF_PROG_TYPE_FLOW_DISSECTOR, "__sk_buff"],
  [P.BPF_PROG_TYPE_KPROBE, "bpf_user_pt_regs_t"],
  [P.BPF_PROG_TYPE_LWT_IN, "__sk_buff"],
  [P.BPF_PROG_TYPE_LWT_OUT, "__sk_buff"],
  [P.BPF_PROG_TYPE_LWT_SEG6LOCAL, "__sk_buff"],
  [P.BPF_PROG_TYPE_LWT_XMIT, "__sk_buff"],
  [P.BPF_PROG_TYPE_NETFILTER, "bpf_nf_ctx"],
  [P.BPF_PROG_TYPE_PERF_EVENT, "bpf_perf_event_data"],
  [P.BPF_PROG_TYPE_RAW_TRACEPOINT, "bpf_raw_tracepoint_args"],
  [P.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, "bpf_raw_tracepoint_args"],
  [P.BPF_PROG_TYPE_SCHED_ACT, "__sk_buff"],
  [P.BPF_PROG_TYPE_SCHED_CLS, "__sk_buff"],
  [P.BPF_PROG_TYPE_SK_LOOKUP, "bpf_sk_lookup"],
  [P.BPF_PROG_TYPE_SK_MSG, "sk_msg_md"],
  [P.BPF_PROG_TYPE_SK_REUSEPORT, "sk_reuseport_md"],
  [P.BPF_PROG_TYPE_SK_SKB, "__sk_buff"],
  [P.BPF_PROG_TYPE_SOCK_OPS, "bpf_sock_ops"],
  [P.BPF_PROG_TYPE_SOCKET_FILTER, "__sk_buff"],
  [P.BPF_PROG_TYPE_XDP, "xdp_md"],
]);
/** The structs of registers that kprobe and perf event programs get on the supported architectures. */
const REGISTERS: ReadonlySet<string> = new Set(["pt_regs", "user_pt_regs", "user_regs_struct"]);

/** An argument with the tag. */
interface ContextArgument {
  readonly func: TypeId;
  readonly index: number;
}

/** Returns the tagged arguments of global functions. Most objects have none. */
export function contextArguments(btf: Btf): ContextArgument[] {
  const found: ContextArgument[] = [];
  for (const id of btf.idsOf(BtfKind.DECL_TAG)) {
    if (btf.name(id) !== TAG) continue;
    const tag = btf.type(id);
    if (tag.kind !== "decl_tag" || tag.component < 0) continue;
    const func = btf.type(tag.type);
    if (func.kind === "func" && func.linkage === "global") found.push({ func: func.id, index: tag.component });
  }
  return found;
}

/**
 * Replaces the types of tagged arguments, for a kernel that does not know the tag. Each program gets its own copy of
 * the types of its functions. In this copy, a tagged argument has the program's context type. New types are appended,
 * so the ids and strings of the object's BTF stay valid. libbpf does the same (`bpf_program_fixup_func_info`).
 */
export function nameContexts(
  btf: Btf,
  programs: readonly ProgramSpec[],
  tagged: readonly ContextArgument[],
): { btf: Btf; functions: ReadonlyMap<ProgramSpec, FunctionSpec[]> } {
  const edit = new BtfEdit(btf);
  const functions = new Map<ProgramSpec, FunctionSpec[]>();
  for (const program of programs) {
    const context = CONTEXTS.get(program.type);
    if (context === undefined) continue;
    let pointer: TypeId | undefined;
    const fitted = program.functions.map((one) => {
      const wrong = tagged.filter(
        ({ func, index }) => func === one.typeId && needsName(btf, func, index, program.type),
      );
      if (wrong.length === 0) return one;
      pointer ??= edit.append({
        kind: "ptr",
        name: "",
        type: edit.append({ kind: "struct", name: context, size: 0, members: [] }),
      });
      const indices = wrong.map(({ index }) => index);
      return { ...one, typeId: cloneFunction(edit, one.typeId, indices, pointer) };
    });
    if (pointer !== undefined) functions.set(program, fitted);
  }
  return { btf: functions.size === 0 ? btf : Btf.parse(edit.encode(), { source: btf.source }), functions };
}

/** Appends a copy of a FUNC. In the copy, the arguments at `indices` have the type `pointer`. */
function cloneFunction(edit: BtfEdit, id: TypeId, indices: readonly number[], pointer: TypeId): TypeId {
  const func = edit.btf.type(id);
  const proto = edit.btf.type(edit.btf.target(id));
  if (func.kind !== "func" || proto.kind !== "func_proto") return id;
  const params = proto.params.map((param, i) => (indices.includes(i) ? { ...param, type: pointer } : param));
  const clone = edit.append({ ...func, type: edit.append({ ...proto, params }) });
  for (const component of indices) {
    edit.append({ kind: "decl_tag", name: TAG, type: clone, component, attribute: false });
  }
  return clone;
}

/** Whether an argument can be a context that an old kernel does not recognize by the argument's type. */
function needsName(btf: Btf, func: TypeId, index: number, type: BpfProgType): boolean {
  const proto = btf.type(btf.target(func));
  const param = proto.kind === "func_proto" ? proto.params[index] : undefined;
  const pointer = param === undefined ? 0 : btf.resolve(param.type);
  if (btf.kind(pointer) !== BtfKind.PTR) return false;
  const pointed = btf.type(btf.resolve(btf.target(pointer)));
  switch (pointed.kind) {
    case "void":
      return true;
    case "struct":
      return (type === P.BPF_PROG_TYPE_KPROBE || type === P.BPF_PROG_TYPE_PERF_EVENT) && REGISTERS.has(pointed.name);
    case "int":
      // In raw tracepoint programs, the context may also be a `u64 *`.
      return (
        pointed.size === 8 &&
        (type === P.BPF_PROG_TYPE_RAW_TRACEPOINT || type === P.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE)
      );
    default:
      return false;
  }
}
