import { BtfKind, encodeCoreRelocations, essentialName } from "../../btf/index.ts";
import { UsageError } from "../../errors/index.ts";
import { BPF_CALL, BPF_JMP, BpfElemFlag, BpfMapType, BpfProgType, BpfPseudo, mapTakesBtf } from "../../uapi/index.ts";
import { checkProgramType, debugRecords, type MachineSizes, mapFields, prefixOf } from "../kernel-fields.ts";
import { isPerCpuSection, kernelName } from "../new-map.ts";
import { parseSectionName, SectionTrait } from "../section-kinds.ts";
import type { ExternSpec, MapSpec, ObjectSpec, ProgramSpec, Relocation } from "../spec.ts";
import type {
  LoaderMap,
  LoaderPlan,
  LoaderProgramPart,
  LoaderSymbol,
  MapCreateFields,
  ProgLoadFields,
} from "./plan.ts";

/** A program, prepared for a loader program. */
export interface PreparedProgram {
  readonly spec: ProgramSpec;
  /** The fields of BPF_PROG_LOAD that depend on more than the spec. */
  readonly fields: ProgLoadFields;
  /** The instructions before maps and kernel symbols are put in. */
  readonly instructions: Uint8Array;
  /** Whether `fields` has the type to attach to. Otherwise the loader program looks it up by name. */
  readonly hasTarget: boolean;
}

/** What {@link planObject} needs besides the object. */
export interface PlanOptions {
  readonly purpose: LoaderPlan["purpose"];
  readonly maps: readonly MapSpec[];
  /** The programs to load. */
  readonly programs: readonly PreparedProgram[];
  /** The object's BTF in the form that the kernel accepts; undefined for none. */
  readonly btf: Uint8Array | undefined;
  /** Returns the initial value of a section's map; undefined if the map keeps its zeros. */
  readonly contents: (map: MapSpec) => Uint8Array | undefined;
  readonly machine: MachineSizes;
  readonly ifindex?: number | undefined;
  /** Whether a map exists already. */
  readonly isGiven?: ((map: MapSpec) => boolean) | undefined;
  /** Whether the kernel applies the CO-RE relocations. Otherwise they have been applied to the instructions. */
  readonly kernelRelocates: boolean;
  /** The offset of the globals in the object's arena. */
  readonly arenaOffset?: number | undefined;
}

/** Makes the plan of a loader program. Throws UsageError for parts of the object that a loader program cannot load. */
export function planObject(spec: ObjectSpec, options: PlanOptions): LoaderPlan {
  return new Planner(spec, options).plan();
}

/** The place that an instruction refers to: a map, or an address in the value of a map. */
interface MapPlace {
  readonly map: number;
  readonly offset: number | undefined;
}

class Planner {
  readonly #spec: ObjectSpec;
  readonly #options: PlanOptions;
  readonly #maps: ReadonlyMap<string, number>;
  readonly #programs: ReadonlyMap<string, number>;
  readonly #kconfig: string;

  constructor(spec: ObjectSpec, options: PlanOptions) {
    this.#spec = spec;
    this.#options = options;
    this.#maps = new Map(options.maps.map(({ name }, i) => [name, i]));
    this.#programs = new Map(options.programs.map((program, i) => [program.spec.name, i]));
    this.#kconfig = options.maps.find(({ source }) => source === "kconfig")?.name ?? "";
  }

  get #little(): boolean {
    return this.#spec.byteOrder === "little";
  }

  plan(): LoaderPlan {
    const { purpose, maps, programs, btf } = this.#options;
    const names = Object.keys(this.#spec.programs);
    // A skeleton has a place for each program of the object, in a load each loaded program has one.
    const indexOf = ({ spec }: PreparedProgram, i: number): number =>
      purpose === "skeleton" ? names.indexOf(spec.name) : i;
    return {
      purpose,
      byteOrder: this.#spec.byteOrder,
      btf,
      maps: maps.map((map) => this.#planMap(map)),
      programs: programs.map((program, i) => this.#planProgram(program, indexOf(program, i))),
      programSlots: purpose === "skeleton" ? names.length : programs.length,
      functions: this.#spec.functionCount,
    };
  }

  #planMap(map: MapSpec): LoaderMap {
    const { contents, isGiven = () => false } = this.#options;
    if (map.structOps !== undefined) throw cannot(`map ${map.name}`, "create struct_ops maps");
    const { innerMap: inner, source } = map;
    const ofPrograms = map.type === BpfMapType.BPF_MAP_TYPE_PROG_ARRAY;
    return {
      fields: this.#mapFields(map),
      inner: inner === undefined ? undefined : this.#mapFields(inner),
      contents: source === "data" || source === "kconfig" ? contents(map) : undefined,
      contentsFlags: isPerCpuSection(map) ? BpfElemFlag.BPF_F_ALL_CPUS : 0n,
      freeze: (source === "data" || source === "kconfig") && map.frozen,
      isGiven: isGiven(map),
      slots: map.slots.flatMap(({ index, target }) => {
        const found = (ofPrograms ? this.#programs : this.#maps).get(target);
        if (found === undefined) return [];
        return [ofPrograms ? { index, program: found } : { index, map: found }];
      }),
    };
  }

  #mapFields(map: MapSpec): MapCreateFields {
    const { machine, ifindex, btf } = this.#options;
    const typed = btf !== undefined && mapTakesBtf(map.type);
    const types = typed ? { btf_key_type_id: map.keyTypeId, btf_value_type_id: map.valueTypeId } : {};
    const { map_name, numa_node = 0, ...fields } = mapFields(map, machine, ifindex);
    return { ...fields, numa_node, map_name: kernelName(map_name), ...types };
  }

  #planProgram(program: PreparedProgram, index: number): LoaderProgramPart {
    const { spec } = program;
    const { btf } = this.#options;
    const what = `program ${spec.name}`;
    checkProgramType(spec);
    if (spec.type === BpfProgType.BPF_PROG_TYPE_STRUCT_OPS) throw cannot(what, "load struct_ops");
    if (spec.jumpTables.length > 0) throw cannot(what, "load jump tables");
    const records = btf === undefined ? {} : debugRecords(spec, this.#little);
    const target = program.hasTarget || !canLookUpTarget(spec) ? undefined : targetOf(spec);
    return {
      fields: {
        ...program.fields,
        prog_name: kernelName(spec.name),
        // The loader program replaces this number by the id that it finds.
        attach_btf_id: target === undefined ? (program.fields.attach_btf_id ?? 0) : 1,
      },
      license: this.#spec.license,
      instructions: this.#withReferences(program),
      mapFds: this.#mapFds(spec),
      functionInfo: records.func_info ?? new Uint8Array(0),
      lineInfo: records.line_info ?? new Uint8Array(0),
      coreRelocations: this.#coreRecords(spec),
      symbols: spec.relocations.flatMap((relocation) => this.#symbol(relocation) ?? []),
      target,
      index,
    };
  }

  #coreRecords(program: ProgramSpec): Uint8Array {
    const { kernelRelocates, btf: data } = this.#options;
    const { btf } = this.#spec;
    if (!kernelRelocates || btf === undefined || program.coreRelocations.length === 0) return new Uint8Array(0);
    if (data === undefined) {
      throw new UsageError(
        `program ${program.name}: the kernel applies CO-RE relocations only with the object's BTF, but the kernel refuses this BTF`,
      );
    }
    return encodeCoreRelocations(btf, program.coreRelocations, this.#little);
  }

  /** Returns the instructions with the indices of maps, and with marks at the references to kernel symbols. */
  #withReferences({ spec, instructions }: PreparedProgram): Uint8Array {
    const bytes = instructions.slice();
    const view = new DataView(bytes.buffer);
    for (const relocation of spec.relocations) {
      const at = relocation.slot * 8;
      const load = (source: number, low: number, high: number): void => {
        const destination = this.#little ? view.getUint8(at + 1) & 0x0f : view.getUint8(at + 1) >> 4;
        view.setUint8(at + 1, this.#little ? destination | (source << 4) : (destination << 4) | source);
        view.setInt32(at + 4, low, this.#little);
        view.setInt32(at + 12, high, this.#little);
      };
      const place = this.#placeOf(relocation);
      const symbol = this.#symbol(relocation);
      if (place !== undefined) {
        load(this.#sourceOf(place), this.#byIndex ? place.map : 0, place.offset ?? 0);
      } else if (symbol?.kind === "kfunc") {
        if (!this.#byIndex) continue;
        view.setUint8(at, BPF_JMP | BPF_CALL);
        view.setUint8(at + 1, this.#little ? BpfPseudo.BPF_PSEUDO_KFUNC_CALL << 4 : BpfPseudo.BPF_PSEUDO_KFUNC_CALL);
        view.setInt16(at + 2, 0, this.#little);
        view.setInt32(at + 4, 0, this.#little);
      } else if (symbol !== undefined) load(symbol.kind === "btf" ? BpfPseudo.BPF_PSEUDO_BTF_ID : 0, 0, 0);
    }
    return bytes;
  }

  /**
   * Whether instructions refer to maps by their index, as libbpf's do. In a load, they refer to maps by their fds: only
   * then is the program's tag the same as that of a load without a loader program.
   */
  get #byIndex(): boolean {
    return this.#options.purpose === "skeleton";
  }

  #sourceOf({ offset }: MapPlace): number {
    if (this.#byIndex) {
      return offset === undefined ? BpfPseudo.BPF_PSEUDO_MAP_IDX : BpfPseudo.BPF_PSEUDO_MAP_IDX_VALUE;
    }
    return offset === undefined ? BpfPseudo.BPF_PSEUDO_MAP_FD : BpfPseudo.BPF_PSEUDO_MAP_VALUE;
  }

  /** Returns the instructions into which the loader program puts the fd of a map. */
  #mapFds(spec: ProgramSpec): { slot: number; map: number }[] {
    if (this.#byIndex) return [];
    return spec.relocations.flatMap((relocation) => {
      const place = this.#placeOf(relocation);
      return place === undefined ? [] : [{ slot: relocation.slot, map: place.map }];
    });
  }

  /**
   * Returns the map that an instruction refers to, and the offset in its value if the instruction loads an address in
   * it. Returns undefined for other relocations, and if the map is not created.
   */
  #placeOf(relocation: Relocation): MapPlace | undefined {
    const find = (name: string, offset: number | undefined): MapPlace | undefined => {
      const map = this.#maps.get(name);
      return map === undefined ? undefined : { map, offset };
    };
    switch (relocation.kind) {
      case "map":
        return find(relocation.map, undefined);
      case "map_value": {
        const isArena = this.#spec.maps[relocation.map]?.source === "arena";
        return find(relocation.map, relocation.offset + (isArena ? (this.#options.arenaOffset ?? 0) : 0));
      }
      case "extern": {
        const source = this.#spec.externs[relocation.extern]?.source;
        return source?.kind === "kconfig" ? find(this.#kconfig, source.offset) : undefined;
      }
      default:
        return undefined;
    }
  }

  #symbol(relocation: Relocation): LoaderSymbol | undefined {
    if (relocation.kind !== "extern" && relocation.kind !== "kfunc") return undefined;
    const extern: ExternSpec | undefined = this.#spec.externs[relocation.extern];
    const { slot } = relocation;
    if (relocation.kind === "kfunc") {
      const name = essentialName(relocation.extern);
      const kind = relocation.call ? "kfunc" : "btf";
      return { kind, slot, name, btfKind: BtfKind.FUNC, weak: extern?.weak ?? false };
    }
    if (extern?.source.kind !== "ksym") return undefined;
    const { name, weak } = extern;
    return { kind: extern.source.typeId === 0 ? "address" : "btf", slot, name, btfKind: BtfKind.VAR, weak };
  }
}

/** Returns true if the section of a program names the BTF type to attach to. A loader program can look it up. */
export function canLookUpTarget({ sectionName, type, attachTo }: ProgramSpec): boolean {
  const { kind } = parseSectionName(sectionName);
  const byBtf = kind !== undefined && (kind.traits & SectionTrait.ATTACH_BTF) !== 0;
  return byBtf && type !== BpfProgType.BPF_PROG_TYPE_EXT && attachTo !== "";
}

function targetOf({ attachType, attachTo }: ProgramSpec): LoaderProgramPart["target"] {
  const { prefix, kind } = prefixOf(attachType);
  return { name: prefix + attachTo.slice(attachTo.indexOf(":") + 1), btfKind: kind };
}

function cannot(what: string, action: string): UsageError {
  return new UsageError(`${what}: a loader program cannot ${action}; load this object without a loader program`);
}
