import { UsageError } from "../errors/index.ts";
import {
  checkOptions,
  KernelBtf,
  type OptionTable,
  readUserFile,
  tokenPath,
  Undo,
  usingToken,
} from "../kernel/index.ts";
import { DataSection, Variable } from "../map/index.ts";
import { ARENA_SECTION, isPerCpuSection, ObjectSpec, type ParseObjectOptions, parseObject } from "../object/index.ts";
import type { Program } from "../program/index.ts";
import { BpfObject } from "./bpf-object.ts";
import { arenaDataOffset } from "./create-map.ts";
import { loadByLoader } from "./load-by-loader.ts";
import { loadDirectly } from "./load-directly.ts";
import { checkLoadOptions, type LoadOptions } from "./load-options.ts";
import { ObjectMaps } from "./object-maps.ts";
import { ObjectPrograms } from "./object-programs.ts";
import { prepareLoad } from "./prepare-load.ts";
import { LoaderError } from "./run-loader.ts";
import type { PreparedStructOps } from "./struct-ops.ts";

const READ_OPTIONS: OptionTable<ParseObjectOptions> = {
  name: "text",
  source: "text",
  legacyMaps: "boolean",
  ignoreUnknownMapFields: "boolean",
};

/**
 * Reads a BPF object file from a path or from its bytes. Makes no calls to the kernel's BPF. Throws UsageError if the
 * file cannot be read, FormatError if it is not a BPF object.
 */
export function readObject(file: string | Uint8Array, options: ParseObjectOptions = {}): ObjectSpec {
  checkOptions("readObject", options, READ_OPTIONS);
  if (typeof file !== "string" && !(file instanceof Uint8Array)) {
    throw new UsageError(
      "an object must be the path of an object file, the file's bytes, or what readObject() returned",
    );
  }
  if (typeof file !== "string") return parseObject(file, options);
  return parseObject(readUserFile(file, "a BPF object file"), { source: file, ...options });
}

/**
 * Loads an object into the kernel: creates its maps, adapts its programs to the running kernel, and loads them.
 * Attaches nothing. If a step fails, closes and unpins everything that the steps before it made.
 *
 * Throws FormatError for a file that is not a BPF object. Throws UsageError if the kernel lacks something that the
 * object needs, or if the options are wrong. Throws VerifierError if the verifier rejects a program, SyscallError
 * otherwise. Needs CAP_BPF (before 5.8 CAP_SYS_ADMIN), and for most types of programs also CAP_PERFMON or
 * CAP_NET_ADMIN.
 */
export function loadObject(object: string | Uint8Array | ObjectSpec, options: LoadOptions = {}): BpfObject {
  checkLoadOptions(options);
  const spec = object instanceof ObjectSpec ? object : readObject(object);
  return usingToken(tokenPath(options.token), () => loadSpec(spec, options));
}

function loadSpec(spec: ObjectSpec, options: LoadOptions): BpfObject {
  const undo = new Undo();
  // The programs refer to modules' BTF by fds, so keep these fds open until the last program is loaded.
  using kernel = new KernelBtf();
  try {
    const load = prepareLoad(spec, options, kernel);
    const maps = new ObjectMaps(spec, options, undo);
    const programs = new ObjectPrograms(maps, options, undo);
    if (options.useLoader === true || options.sign !== undefined) loadByLoader(load, maps, programs, undo);
    else {
      loadDirectly(load, maps, programs);
      maps.fillSlots(programs.byName);
    }
    maps.pinAll();
    return new BpfObject(spec, {
      programs: programs.byName,
      maps: maps.byName,
      variables: openVariables(spec, maps),
      structOps: structOpsValues(load.structOps, programs.byName),
    });
  } catch (error) {
    undo.run();
    throw error instanceof LoaderError ? explainLoaderError(error, spec, options) : error;
  }
}

/**
 * Returns the reason why a loader program failed. The loader program returns only an errno, so this function loads the
 * object directly to get the reason.
 */
function explainLoaderError(error: LoaderError, spec: ObjectSpec, options: LoadOptions): unknown {
  try {
    loadObject(spec, { ...options, useLoader: false, sign: undefined, onStep: undefined, onLog: undefined }).close();
  } catch (reason) {
    return reason;
  }
  return error;
}

/**
 * Returns the values of the struct_ops maps, with the fds of the programs. Writing a value to its map registers the
 * struct.
 */
function structOpsValues(
  structOps: ReadonlyMap<string, PreparedStructOps>,
  programs: Readonly<Record<string, Program>>,
): Record<string, Uint8Array> {
  const values: Record<string, Uint8Array> = Object.create(null);
  for (const [name, ops] of structOps) {
    const value = new DataView(ops.value.buffer);
    for (const { offset, program } of ops.programs) {
      const fd = programs[program]?.fd;
      if (fd !== undefined) value.setBigUint64(offset, BigInt(fd), true);
    }
    values[name] = ops.value;
  }
  return values;
}

function openVariables(spec: ObjectSpec, maps: ObjectMaps): Record<string, Variable> {
  const sections = new Map<string, DataSection>();
  maps.each((map, declared) => {
    if (isPerCpuSection(declared)) return;
    if (declared.source === "data") sections.set(declared.name, new DataSection(map));
    else if (declared.source === "arena") sections.set(ARENA_SECTION, new DataSection(map, arenaDataOffset(declared)));
  });
  const variables: Record<string, Variable> = Object.create(null);
  for (const variable of Object.values(spec.variables)) {
    const section = sections.get(variable.sectionName);
    if (section !== undefined) variables[variable.name] = new Variable(variable, section, spec.btf);
  }
  return variables;
}
