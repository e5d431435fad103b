import { existsSync, mkdirSync, rmdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { Link } from "../../link/index.ts";
import { type BpfObject, loadObject, readObject } from "../../load/index.ts";
import { BpfMap } from "../../map/index.ts";
import type { MapSpec, ObjectSpec, SectionKind } from "../../object/index.ts";
import type { Program } from "../../program/index.ts";
import { BpfProgFlag, BpfProgType } from "../../uapi/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError } from "../failure/command-error.ts";
import { inStep } from "../failure/reason.ts";
import { pinAt, prepareDirectory, prepareFile } from "../handle/pin.ts";
import { type Answer, done } from "../output/answer.ts";
import { writeText } from "../output/write.ts";
import type { Options } from "../words/options.ts";
import type { Words } from "../words/words.ts";
import { type LoadArguments, replacedMaps, takeLoadArguments } from "./load-arguments.ts";

/** Levels 1 and 2 of the verifier's log, and its statistics. */
const DEBUG_LOG = 1 + 2 + 4;

/** `bpfts prog load OBJ PATH …`: pins the first program at PATH. */
export const loadFirst: Run = (words, options) => load(takeArguments(words, options), options, true);

/** `bpfts prog loadall OBJ PATH …`: pins every program in the directory PATH. */
export const loadAll: Run = (words, options) => load(takeArguments(words, options), options, false);

function takeArguments(words: Words, options: Options): LoadArguments {
  return takeLoadArguments(words, (text) => options.json || writeText(2, text));
}

async function load(args: LoadArguments, options: Options, first: boolean): Promise<Answer> {
  try {
    const attach = args.autoAttach ? (await import("./attach-by-section.ts")).attachBySection : undefined;
    const spec = inStep("failed to open object file", () => readObject(args.file, { legacyMaps: options.mapcompat }));
    setTypes(spec, args.type);
    setDevice(spec, args);
    const shown = Object.values(spec.maps).map(shownName);
    const maps = replacedMaps(shown, args.replacements);
    // What cannot be pinned is told before anything is loaded.
    if (first) prepareFile(args.path, options);
    else prepareDirectory(args.path, options);
    if (args.pinMaps !== undefined) prepareDirectory(args.pinMaps, options);
    using object = inStep("failed to load object file", () =>
      loadObject(spec, {
        // The loader takes fds of its own; these stay the arguments'.
        maps: Object.fromEntries(
          Object.keys(spec.maps).flatMap((name, i) => {
            const fd = maps.get(shown[i] ?? "");
            return fd === undefined ? [] : [[name, new BpfMap(fd, { name })]];
          }),
        ),
        anyMaps: true,
        kernelBtf: args.kernelBtf,
        ifindex: args.offloadDevice,
        useLoader: options.useLoader,
        sign: signer(options),
        ...(options.debug && { logLevel: DEBUG_LOG, onLog: showLog, onStep: showStep }),
      }),
    );
    pinAll(object, args, { options, first, attach });
    return done;
  } finally {
    for (const { fd } of args.replacements) fd.close();
  }
}

const PREFIXED: ReadonlySet<string> = new Set([".data", ".rodata", ".bss", ".kconfig"]);

/** What libbpf calls a map: the four data sections that always were by their name in the kernel, `counter.rodata`. */
function shownName(map: MapSpec): string {
  return PREFIXED.has(map.name) ? map.kernelName : map.name;
}

function showLog(program: string, log: string): void {
  writeText(2, `prog '${program}': -- BEGIN PROG LOAD LOG --\n${log.trimEnd()}\n-- END PROG LOAD LOG --\n`);
}

/** Whose signature `-S` asks for; main.ts has seen to it that its files are given. */
function signer({ sign, privateKey, certificate }: Options): { privateKey: string; certificate: string } | undefined {
  return sign && privateKey !== undefined && certificate !== undefined ? { privateKey, certificate } : undefined;
}

function showStep(step: string): void {
  writeText(2, `load: ${step}\n`);
}

/** Every program is of the type that was given, else of what its section's name says. */
function setTypes(spec: ObjectSpec, kind: SectionKind | undefined): void {
  for (const program of new Set(Object.values(spec.programs))) {
    if (kind !== undefined) {
      program.type = kind.type;
      program.attachType = kind.attachType;
    } else if (program.type === BpfProgType.BPF_PROG_TYPE_UNSPEC) {
      throw new CommandError(
        `the section '${program.sectionName}' of program ${program.name} tells no program type: give one with 'type TYPE'`,
      );
    }
  }
}

/** Binds XDP programs to the device whose packets' metadata they are to read (Linux 6.3). */
function setDevice(spec: ObjectSpec, { metadataDevice }: LoadArguments): void {
  if (metadataDevice === undefined) return;
  for (const program of new Set(Object.values(spec.programs))) {
    if (program.type !== BpfProgType.BPF_PROG_TYPE_XDP) continue;
    program.flags |= BpfProgFlag.BPF_F_XDP_DEV_BOUND_ONLY;
    program.ifindex = metadataDevice;
  }
}

interface Pinning {
  readonly options: Options;
  /** Only the first program. */
  readonly first: boolean;
  /** What attaches a program whose link is to be pinned in its place. */
  readonly attach: ((program: Program) => Link | undefined) | undefined;
}

/** Pins what was asked for; where a step fails, takes away the pins of those before. */
function pinAll(object: BpfObject, args: LoadArguments, { options, first, attach }: Pinning): void {
  const undo: (() => void)[] = [];
  const pin = (path: string, fd: number): void => {
    pinAt(path, fd, options);
    undo.push(() => unlinkSync(path));
  };
  const makeDirectory = (path: string): void => {
    if (existsSync(path)) return;
    mkdirSync(path, { mode: 0o700 });
    undo.push(() => rmdirSync(path));
  };
  try {
    const programs = Object.values(object.programs);
    const [only] = programs;
    if (first && only === undefined) throw new CommandError("object file doesn't contain any bpf program");
    if (!first && programs.length > 0) makeDirectory(args.path);
    for (const program of first && only !== undefined ? [only] : programs) {
      using link = attach?.(program);
      if (attach !== undefined && link === undefined && !options.json) {
        writeText(2, `Program ${program.name} does not support autoattach, falling back to pinning\n`);
      }
      pin(first ? args.path : join(args.path, program.name), link?.fd ?? program.fd);
    }
    if (args.pinMaps !== undefined) {
      makeDirectory(args.pinMaps);
      for (const [name, map] of Object.entries(object.maps)) {
        // A name in a bpffs has no dots. What its own declaration pinned is pinned.
        const spec = object.spec.maps[name];
        const file = spec === undefined ? name : shownName(spec);
        if (!map.isPinned) pin(join(args.pinMaps, file.replaceAll(".", "_")), map.fd);
      }
    }
  } catch (error) {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) step();
    throw error;
  }
}
