import { Btf, CoreRelocator } from "../btf/index.ts";
import { UsageError } from "../errors/index.ts";
import { hasContextTag, type KernelBtf, pinName, readBtfFile } from "../kernel/index.ts";
import { memberNamed, type ObjectSpec, type ProgramSpec } from "../object/index.ts";
import { contextArguments, nameContexts } from "./context-arguments.ts";
import { arenaDataOffset } from "./create-map.ts";
import type { LoadOptions } from "./load-options.ts";
import { mapPinName } from "./object-maps.ts";
import type { RelocationTargets } from "./relocate.ts";
import type { ResolvedExtern } from "./resolve-externs.ts";
import { type PreparedStructOps, prepareStructOps, type StructOpsRole } from "./struct-ops.ts";

/**
 * The result of {@link prepareLoad}: everything that is known before anything is created in the kernel. Loading
 * directly and loading through a loader program both begin with it.
 */
export interface PreparedLoad {
  readonly spec: ObjectSpec;
  readonly options: LoadOptions;
  readonly kernel: KernelBtf;
  /** The programs to load, in the form that this kernel accepts. */
  readonly programs: readonly ProgramSpec[];
  /** The object's BTF in the form that this kernel accepts; undefined if the object has none. */
  readonly btf: Btf | undefined;
  /** The struct_ops maps to create, by name. */
  readonly structOps: ReadonlyMap<string, PreparedStructOps>;
  /** The struct and the member that each struct_ops program is loaded for, by the name of the program. */
  readonly roles: ReadonlyMap<string, StructOpsRole>;
  /** The externs that the programs refer to. */
  readonly usedExterns: ReadonlySet<string>;
}

/** Chooses the programs to load and adapts them to this kernel. Creates nothing. Throws UsageError. */
export function prepareLoad(spec: ObjectSpec, options: LoadOptions, kernel: KernelBtf): PreparedLoad {
  checkByteOrder(spec);
  // These calls throw for a name that the object does not have.
  for (const name of Object.keys(options.maps ?? {})) spec.map(name);
  for (const name of Object.keys(options.targets ?? {})) spec.program(name);
  checkPinNames(spec, options);
  const structOps = new Map<string, PreparedStructOps>();
  for (const map of Object.values(spec.maps)) {
    if (map.structOps === undefined || !map.autocreate) continue;
    structOps.set(map.name, prepareStructOps(map, spec, kernel));
  }
  const roles = structOpsRoles(structOps);
  const chosen = choosePrograms(spec, options, roles);
  const externs = chosen.flatMap(({ relocations }) => relocations.flatMap((r) => ("extern" in r ? [r.extern] : [])));
  return { spec, options, kernel, ...fitContexts(spec, chosen), structOps, roles, usedExterns: new Set(externs) };
}

function checkByteOrder({ name, byteOrder }: ObjectSpec): void {
  if (byteOrder === "little") return;
  throw new UsageError(`object ${name} is ${byteOrder}-endian, but this machine is little-endian`);
}

/** Throws for a map whose name cannot be the name of a pin, before anything is created. */
function checkPinNames(spec: ObjectSpec, { pinMaps }: LoadOptions): void {
  for (const map of Object.values(spec.maps)) {
    if (map.pinning === "name") pinName(map.name, `map ${map.name}`);
    else if (pinMaps !== undefined) mapPinName(map);
  }
}

function choosePrograms(
  spec: ObjectSpec,
  { programs: choice }: LoadOptions,
  roles: ReadonlyMap<string, StructOpsRole>,
): ProgramSpec[] {
  const all = [...new Set(Object.values(spec.programs))];
  if (typeof choice === "function") return all.filter(choice);
  if (choice !== undefined) {
    return choice.map((name) => memberNamed(`object ${spec.name}`, "program", spec.programs, name));
  }
  // A callback is loaded whenever its struct_ops map is created, even if the callback's section name begins with `?`.
  const callbacks = Object.values(spec.maps).flatMap((map) => map.structOps?.callbacks ?? []);
  const called = new Set(callbacks.map(({ program }) => program));
  return all.filter(({ name, autoload }) => (called.has(name) ? roles.has(name) : autoload));
}

/** Collects the role of each struct_ops program. Throws UsageError if a program has two roles. */
function structOpsRoles(structOps: ReadonlyMap<string, PreparedStructOps>): Map<string, StructOpsRole> {
  const roles = new Map<string, StructOpsRole>();
  for (const [map, ops] of structOps) {
    for (const [program, role] of ops.roles) {
      const before = roles.get(program) ?? role;
      if (before.attach_btf_id !== role.attach_btf_id || before.expected_attach_type !== role.expected_attach_type) {
        throw new UsageError(
          `program ${program} is the callback of two different members, in map ${map} and in another struct_ops map; a program is loaded for only one member`,
        );
      }
      roles.set(program, role);
    }
  }
  return roles;
}

/** Rewrites the types of tagged context arguments, for a kernel that does not know the tag. */
function fitContexts(
  { btf }: ObjectSpec,
  programs: readonly ProgramSpec[],
): { btf: Btf | undefined; programs: readonly ProgramSpec[] } {
  const tagged = btf === undefined ? [] : contextArguments(btf);
  if (btf === undefined || tagged.length === 0 || hasContextTag()) return { btf, programs };
  const { btf: named, functions } = nameContexts(btf, programs, tagged);
  return {
    btf: named,
    programs: programs.map((one) => ({ ...one, functions: functions.get(one) ?? one.functions })),
  };
}

/** Returns a relocator for the CO-RE relocations of the programs; undefined if the programs have none. */
export function coreRelocator({ spec, options, kernel, programs }: PreparedLoad): CoreRelocator | undefined {
  const { btf } = spec;
  const relocations = programs.flatMap(({ coreRelocations }) => coreRelocations);
  if (btf === undefined || relocations.length === 0) return undefined;
  const { kernelBtf: custom } = options;
  const targets =
    custom === undefined
      ? { main: kernel.main, modules: () => kernel.modules() }
      : { main: custom instanceof Btf ? custom : readBtfFile(custom) };
  const core = new CoreRelocator(btf, targets);
  core.prepare(relocations);
  return core;
}

/** Returns the targets of the programs' relocations. The caller must add each program's jump tables. */
export function relocationTargets(
  { spec }: PreparedLoad,
  maps: ReadonlyMap<string, number>,
  externs: ReadonlyMap<string, ResolvedExtern | undefined>,
): RelocationTargets {
  const all = Object.values(spec.maps);
  const arenas = all.filter(({ source }) => source === "arena");
  return {
    maps,
    valueOffsets: new Map(arenas.map((map) => [map.name, arenaDataOffset(map)])),
    externs,
    kconfigMap: all.find(({ source }) => source === "kconfig")?.name,
    mapNumbers: new Map(all.map(({ name }, i) => [name, i])),
    externNumbers: new Map(Object.keys(spec.externs).map((name, i) => [name, i])),
    jumpTables: [],
  };
}
