import { existsSync } from "node:fs";
import { join } from "node:path";
import { type NewPin, pinName, pinTogether } from "../../kernel/index.ts";
import type { Link } from "../../link/index.ts";
import { type BpfObject, loadObject, mapPinName, readObject } from "../../load/index.ts";
import { BpfMap } from "../../map/index.ts";
import { libbpfMapName, type ObjectSpec, type SectionKind, suggestSection } from "../../object/index.ts";
import type { Program } from "../../program/index.ts";
import { BpfProgFlag, BpfProgType } from "../../uapi/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError } from "../failure/command-error.ts";
import { inStep } from "../failure/reason.ts";
import { loadDebugging } from "../handle/load-log.ts";
import { prepareDirectory, prepareFile } from "../handle/pin.ts";
import { type Answer, done } from "../output/answer.ts";
import { warnOf, writeNote } from "../output/write.ts";
import { type Options, signerOf } from "../words/options.ts";
import { type LoadArguments, replacedMaps, takeLoadArguments } from "./load-arguments.ts";

/** `bpfts prog load OBJ PATH …`: pins the first program at PATH. */
export const loadFirst: Run = (words, options) => load(takeLoadArguments(words, warnOf(options)), options, true);

/** `bpfts prog loadall OBJ PATH …`: pins every program in the directory PATH. */
export const loadAll: Run = (words, options) => load(takeLoadArguments(words, warnOf(options)), options, false);

async function load(args: LoadArguments, options: Options, first: boolean): Promise<Answer> {
  try {
    const attach = args.autoAttach ? (await import("./attach-by-section.ts")).attachBySection : undefined;
    const reading = { legacyMaps: options.mapcompat, ignoreUnknownMapFields: options.mapcompat };
    const spec = inStep("failed to open object file", () => readObject(args.file, reading));
    setTypes(spec, args.type);
    setDevice(spec, args);
    const shown = Object.values(spec.maps).map(libbpfMapName);
    const maps = replacedMaps(shown, args.replacements);
    prepare(spec, args, options, first);
    using object = inStep("failed to load object file", () =>
      loadObject(spec, {
        // The loader duplicates these fds. The arguments still own the originals.
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
        sign: signerOf(options),
        token: options.token,
        ...loadDebugging(options),
      }),
    );
    pinAll(object, args, { options, first, attach });
    return done;
  } finally {
    for (const { fd } of args.replacements) fd.close();
  }
}

/**
 * If the user gave a type, sets the type of every program. Otherwise throws if the type of a program does not follow
 * from the name of its section.
 */
function setTypes(spec: ObjectSpec, kind: SectionKind | undefined): void {
  for (const program of new Set(Object.values(spec.programs))) {
    if (kind !== undefined) {
      program.type = kind.type;
      program.attachType = kind.attachType;
    } else if (program.type === BpfProgType.BPF_PROG_TYPE_UNSPEC) {
      throw new CommandError(
        `the section '${program.sectionName}' of program ${program.name} names no program type: give one with 'type TYPE'${suggestSection(program.sectionName)}`,
      );
    }
  }
}

/** Binds XDP programs to a device, so that they may read the metadata of its packets (Linux 6.3). */
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
  /** True: pin only the first program. */
  readonly first: boolean;
  /** Attaches a program. If it returns a link, this link is pinned instead of the program. */
  readonly attach: ((program: Program) => Link | undefined) | undefined;
}

/** Throws if a pin cannot be made, so that this is reported before anything is loaded. */
function prepare(spec: ObjectSpec, args: LoadArguments, options: Options, first: boolean): void {
  const prepareNames = (directory: string, names: readonly string[]): void => {
    if (existsSync(directory)) for (const name of names) prepareFile(join(directory, name), options);
  };
  if (first) prepareFile(args.path, options);
  else {
    prepareDirectory(args.path, options);
    const names = Object.values(spec.programs).map(({ name }) => pinName(name, `program ${JSON.stringify(name)}`));
    prepareNames(args.path, names);
  }
  if (args.pinMaps === undefined) return;
  prepareDirectory(args.pinMaps, options, first ? undefined : args.path);
  prepareNames(args.pinMaps, Object.values(spec.maps).map(mapPinName));
}

/**
 * Attaches the programs first and then pins everything in one step. So there are either all pins or none, even if the
 * command fails or is killed.
 */
function pinAll(object: BpfObject, args: LoadArguments, { options, first, attach }: Pinning): void {
  const programs = Object.values(object.programs).slice(0, first ? 1 : undefined);
  if (first && programs.length === 0) throw new CommandError("object file doesn't contain any bpf program");
  const pins: NewPin[] = [];
  const links: Link[] = [];
  try {
    for (const program of programs) {
      const link = attach?.(program);
      if (link !== undefined) links.push(link);
      else if (attach !== undefined && !options.json) {
        writeNote(`Program ${program.name} does not support autoattach, falling back to pinning`);
      }
      const path = first ? args.path : join(args.path, pinName(program.name, program.what));
      pins.push({ path, fd: link?.fd ?? program.fd, what: program.what });
    }
    for (const [name, map] of args.pinMaps === undefined ? [] : Object.entries(object.maps)) {
      // Loading the object has already pinned the maps whose declarations ask for a pin.
      if (map.isPinned) continue;
      const path = join(args.pinMaps ?? "", mapPinName(object.spec.map(name)));
      pins.push({ path, fd: map.fd, what: map.what });
    }
    pinTogether(pins, (left) => {
      if (!options.json) {
        writeNote(`Warning: ${left} is left over from a load that did not finish; remove it with: rm -r ${left}`);
      }
    });
  } finally {
    for (const link of links) link.close();
  }
}
