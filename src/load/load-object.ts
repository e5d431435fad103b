import { Btf, CoreRelocator } from "../btf/index.ts";
import { SyscallError, UsageError } from "../errors/index.ts";
import { acceptedBtf, hasContextTag, KernelBtf, loadObjectBtf, readBtfFile, Undo } from "../kernel/index.ts";
import type { BpfMap } from "../map/index.ts";
import { DataSection, Variable } from "../map/index.ts";
import { generateLoader, type ObjectSpec, type ProgramSpec } from "../object/index.ts";
import type { Program } from "../program/index.ts";
import { findAttachTarget } from "../program/index.ts";
import { duplicateFd, kernelAtLeast, OwnedFd, progBindMap } from "../sys/index.ts";
import { BpfMapType } from "../uapi/index.ts";
import { BpfObject } from "./bpf-object.ts";
import { contextArguments, nameContexts } from "./context-arguments.ts";
import { arenaDataOffset, createJumpTable } from "./create-map.ts";
import type { LoadOptions } from "./load-options.ts";
import { loadProgram, programOf } from "./load-program.ts";
import { planLoad } from "./loader-plan.ts";
import { ObjectMaps } from "./object-maps.ts";
import { readObject } from "./read-object.ts";
import { relocate } from "./relocate.ts";
import { type ResolvedExterns, resolveExterns } from "./resolve-externs.ts";
import { LoaderError, mapHashPlace, runLoader } from "./run-loader.ts";
import { LoaderSignature, sha256 } from "./sign/loader-signature.ts";
import { describeStep, externText, programText } from "./step-texts.ts";
import { type PreparedStructOps, prepareStructOps, type StructOpsRole } from "./struct-ops.ts";

/**
 * Loads an object into the kernel: creates its maps, fits its programs to the running kernel, and loads them.
 * Nothing is attached. If any step fails, all that was made is closed and unpinned again.
 *
 * Throws FormatError for a file that is not a BPF object, UsageError for what the kernel lacks or the options get
 * wrong, VerifierError for a program that is refused, SyscallError otherwise. Needs CAP_BPF (before 5.8 CAP_SYS_ADMIN),
 * with CAP_PERFMON or CAP_NET_ADMIN for most types of programs.
 */
export function loadObject(object: string | Uint8Array | ObjectSpec, options: LoadOptions = {}): BpfObject {
  const spec = typeof object === "string" || object instanceof Uint8Array ? readObject(object) : object;
  if (spec.byteOrder !== "little") {
    throw new UsageError(`object ${spec.name} is ${spec.byteOrder}-endian, this machine is little-endian`);
  }
  const undo = new Undo();
  // Fds of modules' BTF are needed until the last program is loaded; the object's BTF lives on in what uses it.
  using kernel = new KernelBtf();
  try {
    return new Loading(spec, options, kernel, undo).run();
  } catch (error) {
    undo.run();
    if (error instanceof LoaderError) throw reasonOf(error, spec, options);
    throw error;
  }
}

/** A loader program has only an errno to tell. The same load without it has the reason, if it fails as well. */
function reasonOf(error: LoaderError, spec: ObjectSpec, options: LoadOptions): unknown {
  try {
    loadObject(spec, { ...options, useLoader: false, sign: undefined, onStep: undefined, onLog: undefined }).close();
  } catch (reason) {
    return reason;
  }
  return error;
}

/** One load: each method is a step of it. */
class Loading {
  readonly #spec: ObjectSpec;
  readonly #options: LoadOptions;
  readonly #kernel: KernelBtf;
  readonly #undo: Undo;
  readonly #maps: ObjectMaps;
  readonly #programs: Record<string, Program> = {};
  readonly #structOps = new Map<string, PreparedStructOps>();

  constructor(spec: ObjectSpec, options: LoadOptions, kernel: KernelBtf, undo: Undo) {
    this.#spec = spec;
    this.#options = options;
    this.#kernel = kernel;
    this.#undo = undo;
    this.#maps = new ObjectMaps(spec, options, undo);
  }

  run(): BpfObject {
    const spec = this.#spec;
    for (const map of Object.values(spec.maps)) {
      if (map.structOps === undefined || !map.autocreate) continue;
      this.#structOps.set(map.name, prepareStructOps(map, spec, this.#kernel));
    }
    const programs = this.#chosen();
    const used = new Set(
      programs.flatMap(({ relocations }) => relocations.flatMap((r) => ("extern" in r ? [r.extern] : []))),
    );
    if (this.#options.useLoader === true || this.#options.sign !== undefined) {
      this.#loadInKernel(programs, used);
      return this.#result();
    }
    const externs = resolveExterns(spec, this.#kernel, used, this.#options);
    for (const [name, found] of externs.byName) this.#step(() => `extern ${name}: ${externText(found)}`);
    const core = this.#relocator(programs);
    const fitted = this.#fitContexts(programs);
    const btf = fitted.btf === undefined ? undefined : loadObjectBtf(fitted.btf, this.#structOps.size > 0);
    if (fitted.btf !== undefined) {
      const { length } = fitted.btf.data;
      this.#step(() => `BTF of ${length} bytes: ${btf === undefined ? "refused, the load goes on without" : "loaded"}`);
    }
    try {
      this.#maps.createAll({ btf, kconfig: externs.kconfig, structOps: this.#structOps });
      this.#loadPrograms(fitted.programs, btf, externs, core);
    } finally {
      btf?.close();
    }
    this.#fillProgramMaps();
    return this.#result();
  }

  #result(): BpfObject {
    const parts = {
      programs: this.#programs,
      maps: this.#maps.byName,
      variables: this.#variables(this.#sections()),
      structOps: this.#structOpsValues(),
    };
    return new BpfObject(this.#spec, parts);
  }

  /** All of it by a program that runs in the kernel; only what nobody but a process can do is done here. */
  #loadInKernel(programs: readonly ProgramSpec[], used: ReadonlySet<string>): void {
    const spec = this.#spec;
    const own = Object.values(spec.externs).filter(
      ({ source }) => source.kind === "kconfig" || source.kind === "constant",
    );
    const externs = resolveExterns(
      { ...spec, externs: Object.fromEntries(own.map((one) => [one.name, one])) },
      this.#kernel,
      used,
      this.#options,
    );
    const ownCore = this.#options.kernelBtf !== undefined || !kernelAtLeast(5, 17);
    const fitted = this.#fitContexts(programs);
    const maps = Object.values(spec.maps).filter(({ autocreate }) => autocreate);
    const plan = planLoad(
      spec,
      {
        programs: fitted.programs,
        maps,
        btf: fitted.btf,
        btfData: fitted.btf === undefined ? undefined : acceptedBtf(fitted.btf),
        externs,
        valueOffsets: this.#valueOffsets(),
        core: ownCore ? this.#relocator(programs) : undefined,
        kernel: this.#kernel,
      },
      this.#options,
    );
    const { sign } = this.#options;
    const signed = sign === undefined ? undefined : { place: mapHashPlace(this.#kernel), hash: sha256 };
    const loader = generateLoader(plan, signed);
    const signature = sign === undefined ? undefined : new LoaderSignature(loader.instructions, sign);
    this.#step(
      () => `loader program: ${loader.instructions.length / 8} instructions, ${loader.data.length} bytes of data`,
    );
    const existing = new Map<number, BpfMap>();
    for (const [i, map] of maps.entries()) {
      const found = this.#maps.existing(map);
      if (found !== undefined) existing.set(i, found);
    }
    const describe = (step: number): string => describeStep(loader, step, maps, fitted.programs);
    const given = new Map([...existing].map(([i, map]) => [i, duplicateFd(map.fd)]));
    const made = runLoader(loader, given, describe, signature);
    const fds = [
      ...made.maps.map((fd) => new OwnedFd(fd, "map")),
      ...made.programs.map((fd) => new OwnedFd(fd, "program")),
    ];
    this.#undo.add(() => {
      for (const fd of fds) fd.close();
    });
    for (const step of loader.steps.keys()) this.#step(() => `loader program: ${describe(step)}: done`);
    for (const [i, map] of maps.entries()) {
      const found = existing.get(i);
      if (found === undefined) this.#maps.adopt(map, fds[i] as OwnedFd);
      else {
        fds[i]?.close();
        this.#maps.keep(map, found);
      }
    }
    for (const [i, program] of fitted.programs.entries()) {
      this.#adoptProgram(program, programOf(program, fds[maps.length + i] as OwnedFd));
    }
  }

  /** The sentence is made only where somebody listens. */
  #step(sentence: () => string): void {
    this.#options.onStep?.(sentence());
  }

  #chosen(): ProgramSpec[] {
    const { programs: choice } = this.#options;
    const all = [...new Set(Object.values(this.#spec.programs))];
    if (typeof choice === "function") return all.filter(choice);
    if (choice !== undefined) {
      return choice.map((name) => {
        const found = this.#spec.programs[name];
        if (found !== undefined) return found;
        throw new UsageError(
          `object ${this.#spec.name} has no program ${name}; it has ${Object.keys(this.#spec.programs).join(", ")}`,
        );
      });
    }
    // The program of a callback is loaded if a struct that is created has a member for it in this kernel, whatever its
    // section says.
    const callbacks = Object.values(this.#spec.maps).flatMap((map) => map.structOps?.callbacks ?? []);
    const called = new Set(callbacks.map(({ program }) => program));
    const roles = this.#roles();
    return all.filter(({ name, autoload }) => (called.has(name) ? roles.has(name) : autoload));
  }

  /** What struct_ops programs are verified as. Throws UsageError for one that is to be two things. */
  #roles(): Map<string, StructOpsRole> {
    const roles = new Map<string, StructOpsRole>();
    for (const [map, ops] of this.#structOps) {
      for (const [program, role] of ops.roles) {
        const before = roles.get(program) ?? role;
        if (before.attach_btf_id !== role.attach_btf_id || before.expected_attach_type !== role.expected_attach_type) {
          throw new UsageError(`program ${program}: map ${map} uses it for another member, or struct, than one before`);
        }
        roles.set(program, role);
      }
    }
    return roles;
  }

  #relocator(programs: readonly ProgramSpec[]): CoreRelocator | undefined {
    const { btf } = this.#spec;
    const relocations = programs.flatMap(({ coreRelocations }) => coreRelocations);
    if (btf === undefined || relocations.length === 0) return undefined;
    const { kernelBtf: custom } = this.#options;
    const targets =
      custom === undefined
        ? { main: this.#kernel.main, modules: () => this.#kernel.modules() }
        : { main: custom instanceof Btf ? custom : readBtfFile(custom) };
    const core = new CoreRelocator(btf, targets);
    core.prepare(relocations);
    return core;
  }

  /** The BTF and the programs as the kernel takes them, if it does not know the tag of context arguments. */
  #fitContexts(programs: readonly ProgramSpec[]): { btf: Btf | undefined; programs: readonly ProgramSpec[] } {
    const { btf } = this.#spec;
    const tagged = btf === undefined ? [] : contextArguments(btf);
    if (btf === undefined || tagged.length === 0 || hasContextTag()) return { btf, programs };
    const { btf: named, functions } = nameContexts(btf, programs, tagged);
    return {
      btf: named,
      programs: programs.map((one) => ({ ...one, functions: functions.get(one) ?? one.functions })),
    };
  }

  #loadPrograms(
    programs: readonly ProgramSpec[],
    btf: OwnedFd | undefined,
    externs: ResolvedExterns,
    core: CoreRelocator | undefined,
  ): void {
    const spec = this.#spec;
    const maps = new Map(Object.entries(this.#maps.byName).map(([name, map]) => [name, map.fd]));
    const valueOffsets = this.#valueOffsets();
    const mapNumbers = new Map(Object.keys(spec.maps).map((name, i) => [name, i]));
    const externNumbers = new Map(Object.keys(spec.externs).map((name, i) => [name, i]));
    const kconfigMap = Object.values(spec.maps).find(({ source }) => source === "kconfig")?.name;
    const roles = this.#roles();
    for (const program of programs) {
      const jumpTables: OwnedFd[] = [];
      try {
        for (const { targets } of program.jumpTables) {
          jumpTables.push(new OwnedFd(createJumpTable(program.name, targets), "jump table"));
        }
        const places = {
          maps,
          valueOffsets,
          externs: externs.byName,
          kconfigMap,
          mapNumbers,
          externNumbers,
          jumpTables: jumpTables.map((fd) => fd.number),
        };
        const loaded = loadProgram(
          program,
          spec,
          {
            instructions: relocate(program, places, core, spec.btf, this.#options.onStep),
            btf,
            target: findAttachTarget(program, this.#kernel, this.#options.targets?.[program.name]),
            role: roles.get(program.name),
            fdArray: externs.fdArray,
          },
          this.#options,
        );
        this.#undo.add(() => loaded.close());
        this.#adoptProgram(program, loaded);
      } finally {
        for (const fd of jumpTables) fd.close();
      }
    }
  }

  #valueOffsets(): ReadonlyMap<string, number> {
    const arenas = Object.values(this.#spec.maps).filter(({ source }) => source === "arena");
    return new Map(arenas.map((map) => [map.name, arenaDataOffset(map)]));
  }

  #adoptProgram(spec: ProgramSpec, program: Program): void {
    this.#step(() => `program ${spec.name}: ${programText(spec)}, loaded with fd ${program.fd}`);
    this.#programs[spec.name] = program;
    for (const { name, source, frozen } of Object.values(this.#spec.maps)) {
      if (source === "data" && frozen) this.#bind(program, name);
    }
  }

  /** So that metadata in .rodata can be found from the program (5.10); a kernel that cannot does without. */
  #bind(program: Program, map: string): void {
    const fd = this.#maps.byName[map]?.fd;
    if (fd === undefined) return;
    try {
      progBindMap(program.fd, fd);
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
    }
  }

  /** What needs programs or other maps: prog arrays and maps of maps. */
  #fillProgramMaps(): void {
    for (const spec of Object.values(this.#spec.maps)) {
      const map = this.#maps.byName[spec.name];
      if (map === undefined || this.#options.maps?.[spec.name] !== undefined) continue;
      const ofPrograms = spec.type === BpfMapType.BPF_MAP_TYPE_PROG_ARRAY;
      for (const { index, target } of spec.slots) {
        const object = ofPrograms ? this.#programs[target] : this.#maps.byName[target];
        // A program that was not loaded leaves its slot empty.
        if (object !== undefined) map.set(index, object);
      }
    }
  }

  /** The values with the programs in them. To write one registers the struct, which is attaching and not loading. */
  #structOpsValues(): Record<string, Uint8Array> {
    const out: Record<string, Uint8Array> = Object.create(null);
    for (const [name, ops] of this.#structOps) {
      const value = new DataView(ops.value.buffer);
      for (const { offset, program } of ops.programs) {
        const fd = this.#programs[program]?.fd;
        if (fd !== undefined) value.setBigUint64(offset, BigInt(fd), true);
      }
      out[name] = ops.value;
    }
    return out;
  }

  #sections(): Map<string, DataSection> {
    const sections = new Map<string, DataSection>();
    for (const spec of Object.values(this.#spec.maps)) {
      const map = this.#maps.byName[spec.name];
      if (map === undefined) continue;
      if (spec.source === "data") sections.set(spec.name, new DataSection(map));
      else if (spec.source === "arena") sections.set(".addr_space.1", new DataSection(map, arenaDataOffset(spec)));
    }
    return sections;
  }

  #variables(sections: ReadonlyMap<string, DataSection>): Record<string, Variable> {
    const out: Record<string, Variable> = Object.create(null);
    for (const variable of Object.values(this.#spec.variables)) {
      const section = sections.get(variable.sectionName);
      if (section !== undefined) out[variable.name] = new Variable(variable, section, this.#spec.btf);
    }
    return out;
  }
}
