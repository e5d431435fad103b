import { BtfKind, type TypeId } from "../btf/index.ts";
import { UsageError } from "../errors/index.ts";
import type { KernelBtf } from "../kernel/index.ts";
import { loadedBtf, type ModuleBtf, targetMissing } from "../kernel/index.ts";
import { nearNames } from "../layout/index.ts";
import { memberNamed, type ProgramSpec, parseSectionName, prefixOf, SectionTrait } from "../object/index.ts";
import { BpfProgType } from "../uapi/index.ts";
import type { Program } from "./program.ts";

/** The attach target of a program that attaches by a BTF id. The verifier checks the program against this target. */
export interface AttachTarget {
  readonly attach_btf_id: number;
  /** The fd of the BTF to which `attach_btf_id` belongs, if this is a module's BTF. */
  readonly attach_btf_obj_fd?: number;
  /**
   * The fd of the target program, if the target is a BPF program. `attach_btf_id` then belongs to this program's BTF.
   */
  readonly attach_prog_fd?: number;
}

/**
 * Finds the attach target of a program whose section attaches by a BTF id (fentry, lsm, iter, tp_btf, freplace, …).
 * Returns undefined for other programs. Throws UsageError if the section names no target, or if the kernel has no
 * target of this name.
 */
export function findAttachTarget(
  spec: ProgramSpec,
  kernel: KernelBtf,
  target: Program | undefined,
): AttachTarget | undefined {
  const { kind } = parseSectionName(spec.sectionName);
  if (kind?.autoAttach === "tracing_multi") return moduleOfMany(spec, kernel);
  const byBtf = kind !== undefined && (kind.traits & SectionTrait.ATTACH_BTF) !== 0;
  if (!byBtf && target === undefined) return undefined;
  if (target !== undefined || spec.type === BpfProgType.BPF_PROG_TYPE_EXT) return inProgram(spec, target);
  if (spec.attachTo === "") {
    throw new UsageError(
      `program ${spec.name}: its section ${spec.sectionName} names no target; name it as in SEC("fentry/do_unlinkat"), or set spec.program(${JSON.stringify(spec.name)}).attachTo`,
    );
  }
  const colon = spec.attachTo.indexOf(":");
  const module = colon < 0 ? undefined : spec.attachTo.slice(0, colon);
  if (module !== undefined && module !== "vmlinux") moduleNamed(module, spec, kernel);
  const name = spec.attachTo.slice(colon + 1);
  const { prefix, kind: btfKind } = prefixOf(spec.attachType);
  if (module === undefined || module === "vmlinux") {
    const id = kernel.main.find(prefix + name, btfKind);
    if (id !== undefined) return { attach_btf_id: id };
  }
  for (const { name: own, btf, fd } of kernel.modules()) {
    if (module !== undefined && own !== module) continue;
    const id = btf.find(prefix + name, btfKind);
    if (id !== undefined && id >= btf.firstId) return { attach_btf_id: id, attach_btf_obj_fd: fd.number };
  }
  const what =
    btfKind === BtfKind.TYPEDEF
      ? "tracepoint"
      : prefix === "bpf_lsm_"
        ? "LSM hook"
        : prefix === ""
          ? "function"
          : "iterator";
  const near = nearNames(name, namesOf(kernel, prefix, btfKind));
  const message = `program ${spec.name}: this kernel has no ${what} ${spec.attachTo} to attach to`;
  throw targetMissing(kernel.whyNoModules === undefined ? message : `${message}; ${kernel.whyNoModules}`, near);
}

/** Returns the names of all targets of a kind in the kernel's BTF, without their prefix. */
function* namesOf(kernel: KernelBtf, prefix: string, kind: BtfKind): Generator<string, void, undefined> {
  for (const btf of [kernel.main, ...kernel.modules().map((module) => module.btf)]) {
    for (const id of btf.idsOf(kind)) {
      const name = btf.name(id);
      if (name.startsWith(prefix)) yield name.slice(prefix.length);
    }
  }
}

/**
 * Returns the attach target for loading a program that attaches to many functions (tracing_multi, 7.1). This target
 * names only the module that has the functions: the part before the colon in the section's `module:pattern`. Returns
 * undefined if the section names no module.
 */
function moduleOfMany(spec: ProgramSpec, kernel: KernelBtf): AttachTarget | undefined {
  const colon = spec.attachTo.indexOf(":");
  if (colon < 0) return undefined;
  const module = moduleNamed(spec.attachTo.slice(0, colon), spec, kernel);
  return { attach_btf_id: 0, attach_btf_obj_fd: module.fd.number };
}

function moduleNamed(name: string, spec: ProgramSpec, kernel: KernelBtf): ModuleBtf {
  const module = kernel.modules().find((one) => one.name === name);
  if (module === undefined && kernel.whyNoModules !== undefined) {
    throw targetMissing(`program ${spec.name} attaches to ${spec.attachTo}; ${kernel.whyNoModules}`);
  }
  if (module === undefined) {
    throw targetMissing(
      `program ${spec.name} attaches to ${spec.attachTo}, but no module ${name} with BTF is loaded; load it with: modprobe ${name}`,
    );
  }
  return module;
}

function inProgram(spec: ProgramSpec, target: Program | undefined): AttachTarget {
  if (target === undefined) {
    throw new UsageError(
      `program ${spec.name} (${spec.sectionName}) replaces a function of a loaded program; give that program to loadObject() as { targets: { ${spec.name}: program } }; the command cannot load such a program`,
    );
  }
  if (spec.attachTo === "") {
    throw new UsageError(
      `program ${spec.name}: its section ${spec.sectionName} names no function of ${target.what}; set spec.program(${JSON.stringify(spec.name)}).attachTo`,
    );
  }
  return { attach_btf_id: functionTypeId(target, spec.attachTo), attach_prog_fd: target.fd };
}

/**
 * Returns the id of a function's BTF type in a loaded program. If the program has no such function, throws UsageError,
 * which lists the functions of the program.
 */
export function functionTypeId(target: Program, name: string): TypeId {
  const { btfId } = target.info();
  const btf = btfId === 0 ? undefined : loadedBtf(btfId);
  if (btf === undefined) {
    throw new UsageError(
      `${target.what} has no BTF, so no program can attach to its functions; compile its object with -g`,
    );
  }
  const functions: Record<string, TypeId> = Object.create(null);
  for (const id of btf.idsOf(BtfKind.FUNC)) functions[btf.name(id)] ??= id;
  return memberNamed(target.what, "function", functions, name);
}
