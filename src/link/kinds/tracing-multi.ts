import { type Btf, BtfKind, type TypeId } from "../../btf/index.ts";
import { Errno, UsageError } from "../../errors/index.ts";
import { KernelBtf, type OptionTable } from "../../kernel/index.ts";
import { namePattern } from "../../layout/index.ts";
import type { Program } from "../../program/index.ts";
import { linkCreate } from "../../sys/index.ts";
import { BpfProgType } from "../../uapi/index.ts";
import { type AttachTypeName, checkArguments, resolveAttachType } from "../attach-arguments.ts";
import { attach, type Hook, requireType } from "../hook.ts";
import type { KernelLink } from "../link.ts";
import type { Cookie } from "../perf-link.ts";

/** The kernel functions to attach a program to. */
export interface TracingMultiPlace {
  /**
   * A pattern for names, with `*` and `?`. For functions of a module: `module:pattern`. Default: the pattern in the
   * program's section.
   */
  readonly pattern?: string | undefined;
  /** The BTF ids of the functions. Give them instead of a pattern. */
  readonly ids?: readonly TypeId[] | undefined;
  /** What bpf_get_attach_cookie() returns in the program: one cookie for each id. */
  readonly cookies?: readonly Cookie[] | undefined;
  /** The attach type for which the program was loaded. It is needed only if another process loaded the program. */
  readonly attachType?: AttachTypeName | undefined;
}

const OPTIONS: OptionTable<TracingMultiPlace> = {
  pattern: "text",
  ids: "naturals",
  cookies: "u64s",
  attachType: "any",
};

/** Attaches a program (`fentry.multi/…`, `fexit.multi/…`, `fsession.multi/…`) to many functions of the kernel (7.1). */
export function attachTracingMulti(program: Program, place: TracingMultiPlace = {}): KernelLink {
  checkArguments("attachTracingMulti", program, place, OPTIONS);
  const hook: Hook = {
    name: "kernel functions",
    programTypes: [BpfProgType.BPF_PROG_TYPE_TRACING],
    feature: "link:tracing_multi",
    explain: ({ errno }) =>
      errno === Errno.ENOENT || errno === Errno.EINVAL ? "one of the functions cannot be traced" : undefined,
  };
  requireType(program, hook);
  const attachType = resolveAttachType(place.attachType, program);
  const pattern = place.pattern ?? (place.ids === undefined ? program.origin.attachTo : undefined);
  if (pattern !== undefined && (place.ids ?? place.cookies) !== undefined) {
    throw new UsageError(`${program.what}: ids and cookies cannot be used with a pattern`);
  }
  const ids = place.ids ?? functionsThatFit(pattern ?? "");
  if (ids.length === 0) throw new UsageError(`${program.what}: no traceable function matches "${pattern ?? ""}"`);
  const tracing_multi = { ids, cookies: place.cookies };
  return attach(program, { ...hook, loadedFor: [attachType] }, () =>
    linkCreate(program.fd, 0, attachType, { tracing_multi }),
  );
}

function functionsThatFit(text: string): TypeId[] {
  const colon = text.indexOf(":");
  const fits = namePattern(text.slice(colon + 1));
  using kernel = new KernelBtf();
  const btf = colon < 0 ? kernel.main : kernel.modules().find(({ name }) => name === text.slice(0, colon))?.btf;
  if (btf === undefined) throw new UsageError(`no module ${text.slice(0, colon)} with BTF is loaded`);
  return btf.idsOf(BtfKind.FUNC).filter((id) => fits(btf.name(id)) && isTraceable(btf, id));
}

/** The most arguments that a trampoline can pass (MAX_BPF_FUNC_ARGS). */
const MOST_ARGUMENTS = 12;

/**
 * Returns true if a trampoline can pass the arguments and the result of a function (btf_distill_func_proto in
 * kernel/bpf/btf.c).
 */
function isTraceable(btf: Btf, id: TypeId): boolean {
  const proto = btf.type(btf.target(id));
  if (proto.kind !== "func_proto" || proto.params.length > MOST_ARGUMENTS) return false;
  if (proto.returns !== 0 && isStruct(btf, proto.returns)) return false;
  return proto.params.every(({ type }) => {
    // In a variadic function the last parameter has type 0.
    const resolved = btf.resolve(type);
    return resolved !== 0 && btf.sizeOf(resolved) <= 16;
  });
}

function isStruct(btf: Btf, type: TypeId): boolean {
  const kind = btf.kind(btf.resolve(type));
  return kind === BtfKind.STRUCT || kind === BtfKind.UNION;
}
