import type { CoreRelocator } from "../btf/index.ts";
import { ownValue } from "../layout/index.ts";
import {
  canLookUpTarget,
  type MapSpec,
  type PlanOptions,
  type PreparedProgram,
  type ProgramSpec,
  planObject,
} from "../object/index.ts";
import { type AttachTarget, findAttachTarget } from "../program/index.ts";
import { arenaDataOffset, sectionContents, THIS_MACHINE } from "./create-map.ts";
import { programAttr } from "./load-program.ts";
import { type PreparedLoad, relocationTargets } from "./prepare-load.ts";
import { relocate } from "./relocate.ts";
import type { ResolvedExterns } from "./resolve-externs.ts";

/** What {@link planLoad} needs besides the prepared load. */
export interface PlanParts {
  /** The maps to create. */
  readonly maps: readonly MapSpec[];
  readonly isGiven: (map: MapSpec) => boolean;
  /** The object's BTF in the form that this kernel accepts; undefined if it accepts none. */
  readonly btf: Uint8Array | undefined;
  /** Only kconfig values and constants. The loader program looks up the other externs. */
  readonly externs: ResolvedExterns;
  /** Applies the CO-RE relocations; undefined if the kernel applies them. */
  readonly core: CoreRelocator | undefined;
}

/**
 * Makes the plan of a loader program that this process runs immediately, unlike one in a skeleton. Throws UsageError for parts of the object that a
 * loader program cannot load.
 */
export function planLoad(load: PreparedLoad, parts: PlanParts): ReturnType<typeof planObject> {
  const { spec, options, programs } = load;
  const { maps, isGiven, btf, externs, core } = parts;
  const arena = maps.find(({ source }) => source === "arena");
  const planOptions: PlanOptions = {
    purpose: "load",
    maps,
    isGiven,
    btf,
    programs: programs.map((program) => prepareProgram(program, load, parts)),
    contents: (map) => sectionContents(map, externs.kconfig),
    machine: THIS_MACHINE,
    ifindex: options.ifindex,
    kernelRelocates: core === undefined,
    arenaOffset: arena === undefined ? 0 : arenaDataOffset(arena),
  };
  return planObject(spec, planOptions);
}

function prepareProgram(program: ProgramSpec, load: PreparedLoad, parts: PlanParts): PreparedProgram {
  const { spec, options } = load;
  const target = targetOf(program, load);
  // The fds do not exist yet, so use 0. The plan puts the maps' indices in their place.
  const noFds = new Map(parts.maps.map(({ name }) => [name, 0]));
  const { bytes } = relocate(program, relocationTargets(load, noFds, parts.externs.byName), parts.core, load.btf);
  const fields = {
    ...programAttr(program, spec, options),
    // As in libbpf. Only kernels before 5.0 check the version.
    kern_version: 0,
    attach_btf_id: target?.attach_btf_id ?? 0,
    attach_prog_fd: target?.attach_prog_fd ?? target?.attach_btf_obj_fd ?? 0,
  };
  return { spec: program, fields, instructions: bytes, hasTarget: target !== undefined };
}

/** Returns the attach target of a program; undefined if it has none or the loader program looks it up by name. */
function targetOf(program: ProgramSpec, { options, kernel }: PreparedLoad): AttachTarget | undefined {
  const given = ownValue(options.targets, program.name);
  return given === undefined && canLookUpTarget(program) ? undefined : findAttachTarget(program, kernel, given);
}
