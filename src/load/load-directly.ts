import { loadObjectBtf } from "../kernel/index.ts";
import { ownValue } from "../layout/index.ts";
import type { ProgramSpec } from "../object/index.ts";
import { findAttachTarget } from "../program/index.ts";
import { OwnedFd } from "../sys/index.ts";
import { createJumpTable } from "./create-map.ts";
import { loadProgram } from "./load-program.ts";
import type { ObjectMaps } from "./object-maps.ts";
import type { ObjectPrograms } from "./object-programs.ts";
import { coreRelocator, type PreparedLoad, relocationTargets } from "./prepare-load.ts";
import { relocate } from "./relocate.ts";
import { resolveExterns } from "./resolve-externs.ts";
import { externText } from "./step-texts.ts";

/** Creates each map and loads each program by a system call of this process. */
export function loadDirectly(load: PreparedLoad, maps: ObjectMaps, programs: ObjectPrograms): void {
  const { spec, options, kernel } = load;
  const externs = resolveExterns(spec, kernel, load.usedExterns, options);
  for (const [name, found] of externs.byName) options.onStep?.(`extern ${name}: ${externText(found)}`);
  const core = coreRelocator(load);
  using btf = loadBtf(load);
  maps.createAll({ btf, kconfig: externs.kconfig, structOps: load.structOps });
  const targets = relocationTargets(load, maps.fds(), externs.byName);
  for (const program of load.programs) {
    using jumpTables = new JumpTables(program);
    const instructions = relocate(program, { ...targets, jumpTables: jumpTables.fds }, core, spec.btf, options.onStep);
    const target = findAttachTarget(program, kernel, ownValue(options.targets, program.name));
    const role = load.roles.get(program.name);
    const parts = { instructions, btf, target, role, fdArray: externs.fdArray, maps: maps.byName };
    programs.add(program, loadProgram(program, spec, parts, options));
  }
}

function loadBtf({ btf, structOps, options }: PreparedLoad): OwnedFd | undefined {
  if (btf === undefined) return undefined;
  const fd = loadObjectBtf(btf, structOps.size > 0);
  const result = fd === undefined ? "the kernel refuses it, so the load goes on without it" : "loaded";
  options.onStep?.(`BTF of ${btf.data.length} bytes: ${result}`);
  return fd;
}

/** The jump tables of one program. The loaded program keeps them alive. */
class JumpTables implements Disposable {
  readonly #fds: OwnedFd[] = [];

  constructor({ name, jumpTables }: ProgramSpec) {
    try {
      for (const { targets } of jumpTables) this.#fds.push(new OwnedFd(createJumpTable(name, targets), "jump table"));
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  get fds(): readonly number[] {
    return this.#fds.map((fd) => fd.number);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#fds) fd.close();
  }
}
