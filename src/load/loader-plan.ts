import { type Btf, BtfKind, type CoreRelocator, encodeCoreRelocations, essentialName } from "../btf/index.ts";
import { UsageError } from "../errors/index.ts";
import { ownValue } from "../layout/index.ts";
import { mapTraits } from "../map/index.ts";
import {
  type LoaderMap,
  type LoaderPatch,
  type LoaderPlan,
  type LoaderProgramPart,
  type MapSpec,
  type ObjectSpec,
  type ProgramSpec,
  parseSectionName,
  SectionTrait,
} from "../object/index.ts";
import { findAttachTarget, prefixOf } from "../program/index.ts";
import { type MapCreateAttr, objectName } from "../sys/index.ts";
import { BpfMapCreateAttr, BpfMapType, BpfProgLoadAttr, BpfProgType } from "../uapi/index.ts";
import { fillFlags, mapAttr, sectionContents } from "./create-map.ts";
import type { LoadOptions } from "./load-options.ts";
import { checkProgramType, debugRecords, programAttr } from "./load-program.ts";
import { type PreparedLoad, relocationTargets } from "./prepare-load.ts";
import { relocate } from "./relocate.ts";
import type { ResolvedExterns } from "./resolve-externs.ts";

/** What {@link planLoad} needs besides the prepared load. */
export interface PlanParts {
  /** The maps to create. */
  readonly maps: readonly MapSpec[];
  /** The object's BTF in the form that this kernel accepts; undefined if it accepts none. */
  readonly btfData: Uint8Array | undefined;
  /** Only kconfig values and constants. The loader program looks up the other externs. */
  readonly externs: ResolvedExterns;
  /** Applies the CO-RE relocations; undefined if the kernel applies them. */
  readonly core: CoreRelocator | undefined;
}

/** The index of each map and program in the plan, by its name. */
interface Places {
  readonly maps: ReadonlyMap<string, number>;
  readonly programs: ReadonlyMap<string, number>;
}

/**
 * Makes the plan of a loader program for an object. Throws UsageError for parts of the object that a loader program
 * cannot load.
 */
export function planLoad(load: PreparedLoad, parts: PlanParts): LoaderPlan {
  const places = {
    maps: new Map(parts.maps.map(({ name }, i) => [name, i])),
    programs: new Map(load.programs.map(({ name }, i) => [name, i])),
  };
  return {
    btf: parts.btfData,
    maps: parts.maps.map((map) => planMap(map, load, parts, places)),
    programs: load.programs.map((program) => planProgram(program, load, parts, places)),
  };
}

function planMap(
  spec: MapSpec,
  { options }: PreparedLoad,
  { btfData, externs }: PlanParts,
  { maps, programs }: Places,
): LoaderMap {
  if (spec.structOps !== undefined) {
    throw new UsageError(
      `map ${spec.name}: a loader program cannot create struct_ops maps; load this object without a loader program`,
    );
  }
  const ofPrograms = spec.type === BpfMapType.BPF_MAP_TYPE_PROG_ARRAY;
  const typed = (map: MapSpec): boolean => btfData !== undefined && mapTraits(map.type).takesBtf;
  const attrOf = (map: MapSpec): Uint8Array => {
    const types = typed(map) ? { btf_key_type_id: map.keyTypeId, btf_value_type_id: map.valueTypeId } : {};
    return encodeMapAttr({ ...mapAttr(map, { ifindex: options.ifindex }), ...types });
  };
  const { innerMap: inner, source } = spec;
  const isData = source === "data" || source === "kconfig";
  return {
    attr: attrOf(spec),
    typed: typed(spec),
    inner: inner === undefined ? undefined : { attr: attrOf(inner), typed: typed(inner) },
    contents: sectionContents(spec, externs.kconfig),
    contentsFlags: fillFlags(spec),
    freeze: isData && spec.frozen,
    slots: spec.slots.flatMap(({ index, target }) => {
      const found = (ofPrograms ? programs : maps).get(target);
      if (found === undefined) return [];
      return [ofPrograms ? { index, program: found } : { index, map: found }];
    }),
  };
}

function encodeMapAttr({ map_name, excl_prog_hash: _, ...fields }: MapCreateAttr): Uint8Array {
  const known = fields as Partial<{ map_type: number }>;
  return new Uint8Array(BpfMapCreateAttr.alloc({ ...known, map_name: objectName(map_name) }).buffer);
}

function planProgram(program: ProgramSpec, load: PreparedLoad, parts: PlanParts, { maps }: Places): LoaderProgramPart {
  const { spec, options, kernel } = load;
  const { btfData } = parts;
  checkProgramType(program);
  if (program.type === BpfProgType.BPF_PROG_TYPE_STRUCT_OPS || program.jumpTables.length > 0) {
    const what = program.jumpTables.length > 0 ? "jump tables" : "struct_ops";
    throw new UsageError(
      `program ${program.name}: a loader program cannot load ${what}; load this object without a loader program`,
    );
  }
  // The fds do not exist yet, so use 0. The loader program fills them in.
  const noFds = new Map([...maps.keys()].map((name) => [name, 0]));
  const targets = relocationTargets(load, noFds, parts.externs.byName);
  const { bytes } = relocate(program, targets, parts.core, load.btf);
  const byName = targetByName(program, options);
  const known =
    byName === undefined ? findAttachTarget(program, kernel, ownValue(options.targets, program.name)) : undefined;
  const records = btfData === undefined ? {} : debugRecords(program);
  const attr = BpfProgLoadAttr.alloc({
    ...programAttr(program, spec, options),
    prog_name: objectName(program.name),
    attach_btf_id: known?.attach_btf_id ?? 0,
    attach_prog_fd: known?.attach_prog_fd ?? known?.attach_btf_obj_fd ?? 0,
  });
  return {
    attr: new Uint8Array(attr.buffer),
    license: spec.license,
    instructions: bytes,
    functionInfo: records.func_info ?? new Uint8Array(0),
    lineInfo: records.line_info ?? new Uint8Array(0),
    coreRelocations: coreRecords(program, load.btf, parts),
    patches: patchesOf(program, spec, maps),
    target: byName,
  };
}

function coreRecords(program: ProgramSpec, btf: Btf | undefined, { btfData, core }: PlanParts): Uint8Array {
  if (core !== undefined || btf === undefined || program.coreRelocations.length === 0) return new Uint8Array(0);
  if (btfData === undefined) {
    throw new UsageError(
      `program ${program.name}: the kernel applies CO-RE relocations only with the object's BTF, but the kernel refuses this BTF`,
    );
  }
  return encodeCoreRelocations(btf, program.coreRelocations);
}

/**
 * Returns the attach target that the loader program looks up by name; undefined if the program attaches to another
 * program or to many functions.
 */
function targetByName(program: ProgramSpec, options: LoadOptions): LoaderProgramPart["target"] {
  const { kind } = parseSectionName(program.sectionName);
  const byBtf = kind !== undefined && (kind.traits & SectionTrait.ATTACH_BTF) !== 0;
  if (!byBtf || program.type === BpfProgType.BPF_PROG_TYPE_EXT) return undefined;
  if (ownValue(options.targets, program.name) !== undefined || program.attachTo === "") return undefined;
  const { prefix, kind: btfKind } = prefixOf(program.attachType);
  return { name: prefix + program.attachTo.slice(program.attachTo.indexOf(":") + 1), btfKind };
}

function patchesOf(program: ProgramSpec, spec: ObjectSpec, maps: ReadonlyMap<string, number>): LoaderPatch[] {
  const kconfig = Object.values(spec.maps).find(({ source }) => source === "kconfig")?.name ?? "";
  const mapPatch = (slot: number, name: string): LoaderPatch[] => {
    const map = maps.get(name);
    return map === undefined ? [] : [{ kind: "map", slot, map }];
  };
  return program.relocations.flatMap((relocation): LoaderPatch[] => {
    const { slot } = relocation;
    switch (relocation.kind) {
      case "map":
      case "map_value":
        return mapPatch(slot, relocation.map);
      case "jump_table":
        return [];
      case "kfunc": {
        const weak = spec.externs[relocation.extern]?.weak ?? false;
        const name = essentialName(relocation.extern);
        if (relocation.call) return [{ kind: "kfunc", slot, name, weak }];
        return [{ kind: "btf", slot, name, btfKind: BtfKind.FUNC, weak }];
      }
      default: {
        const extern = spec.externs[relocation.extern];
        if (extern?.source.kind === "kconfig") return mapPatch(slot, kconfig);
        if (extern?.source.kind !== "ksym") return [];
        const { name, weak } = extern;
        if (extern.source.typeId === 0) return [{ kind: "address", slot, name, weak }];
        return [{ kind: "btf", slot, name, btfKind: BtfKind.VAR, weak }];
      }
    }
  });
}
