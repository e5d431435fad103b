import type { SectionKind } from "../../object/index.ts";
import type { OwnedFd } from "../../sys/index.ts";
import { CommandError } from "../failure/command-error.ts";
import { deviceByName } from "../handle/device.ts";
import { takeMap } from "../handle/map.ts";
import type { Warn } from "../output/write.ts";
import { sectionKindNamed } from "../words/section-type.ts";
import { oneOf, parseU32, unexpectedWord, type Words } from "../words/words.ts";

/** An existing map to use instead of a map of the object. */
export interface MapReplacement {
  /** The map to replace: its index among the object's maps, or its name. */
  readonly map: number | string;
  readonly fd: OwnedFd;
}

/** The words after `prog load` or `prog loadall`. */
export interface LoadArguments {
  readonly file: string;
  readonly path: string;
  readonly type: SectionKind | undefined;
  /** The index of the device to which all programs and maps are offloaded. */
  readonly offloadDevice: number | undefined;
  /** The index of the device to which XDP programs are bound, so that they may read the metadata of its packets. */
  readonly metadataDevice: number | undefined;
  /** The maps to use instead of maps of the object. The caller closes their fds. */
  readonly replacements: readonly MapReplacement[];
  readonly pinMaps: string | undefined;
  readonly autoAttach: boolean;
  readonly kernelBtf: string | undefined;
}

type Mutable = { -readonly [K in keyof LoadArguments]: LoadArguments[K] };

/**
 * Takes `OBJ PATH [type TYPE] [{ offload_dev | xdpmeta_dev } NAME] [map { idx IDX | name NAME } MAP] [pinmaps MAP_DIR]
 * [autoattach] [kernel_btf BTF_FILE]`. Also takes `dev`, the older name of offload_dev, and warns of it.
 */
export function takeLoadArguments(words: Words, warn: Warn = () => {}): LoadArguments {
  words.need(2);
  const replacements: MapReplacement[] = [];
  const taken: Mutable = {
    file: words.take("an object file"),
    path: words.take("a path"),
    type: undefined,
    offloadDevice: undefined,
    metadataDevice: undefined,
    replacements,
    pinMaps: undefined,
    autoAttach: false,
    kernelBtf: undefined,
  };
  try {
    while (words.left > 0) takeOption(words, taken, replacements, warn);
  } catch (error) {
    for (const { fd } of replacements) fd.close();
    throw error;
  }
  return taken;
}

function takeOption(words: Words, taken: Mutable, replacements: MapReplacement[], warn: Warn): void {
  if (words.takeKeyword("type")) {
    if (taken.type !== undefined) throw new CommandError("program type already specified");
    words.need(1);
    taken.type = sectionKindNamed(words.take("a program type"));
  } else if (words.takeKeyword("map")) {
    words.need(4);
    replacements.push(takeReplacement(words));
  } else if (words.takeKeyword("dev")) {
    warn(DEPRECATED_DEV);
    taken.offloadDevice = takeDevice(words, taken, "offload_dev");
  } else if (words.takeKeyword("offload_dev")) taken.offloadDevice = takeDevice(words, taken, "offload_dev");
  else if (words.takeKeyword("xdpmeta_dev")) taken.metadataDevice = takeDevice(words, taken, "xdpmeta_dev");
  else if (words.takeKeyword("pinmaps")) taken.pinMaps = takeRequired(words, "a directory");
  else if (words.takeKeyword("autoattach")) taken.autoAttach = true;
  else if (words.takeKeyword("kernel_btf")) taken.kernelBtf = takeRequired(words, "a BTF file");
  else {
    const names = ["type", "map", "offload_dev", "xdpmeta_dev", "pinmaps", "autoattach", "kernel_btf"];
    const expected = oneOf(names).replace(" or ", ", or ");
    throw new CommandError(`expected no more arguments, ${expected}, got: '${words.peek}'?`, {
      typo: { word: words.peek ?? "", names },
    });
  }
}

function takeRequired(words: Words, what: string): string {
  words.need(1);
  return words.take(what);
}

const DEPRECATED_DEV =
  "Warning: 'dev NAME' is the older way to write 'offload_dev NAME', which offloads the program to the device.\n" +
  "For an XDP program that only reads the metadata of packets, use 'xdpmeta_dev NAME'.\n";

/**
 * Takes a device. Throws if the user already gave one: programs can be either offloaded or bound, and only to one
 * device.
 */
function takeDevice(words: Words, taken: LoadArguments, keyword: "offload_dev" | "xdpmeta_dev"): number {
  const { offloadDevice, metadataDevice } = taken;
  if ((keyword === "offload_dev" ? offloadDevice : metadataDevice) !== undefined) {
    throw new CommandError(`${keyword} already specified`);
  }
  if (offloadDevice !== undefined || metadataDevice !== undefined) {
    throw new CommandError("xdpmeta_dev and offload_dev are mutually exclusive");
  }
  return deviceByName(takeRequired(words, "a device"));
}

function takeReplacement(words: Words): MapReplacement {
  if (words.takeKeyword("idx")) {
    const map = parseU32(words.take("a number"), "IDX");
    return { map, fd: takeMap(words) };
  }
  if (words.takeKeyword("name")) {
    const map = words.take("a name");
    return { map, fd: takeMap(words) };
  }
  throw unexpectedWord(["idx", "name"], words);
}

/** Returns the replacement of each replaced map, by the map's name. Throws if the user replaces a map twice. */
export function replacedMaps(
  names: readonly string[],
  replacements: readonly MapReplacement[],
): ReadonlyMap<string, OwnedFd> {
  const found = new Map<string, OwnedFd>();
  for (const { map, fd } of replacements) {
    const name = typeof map === "number" ? names[map] : names.find((candidate) => candidate === map);
    if (name === undefined) {
      const has = names.length === 0 ? "it has no maps" : `its maps are ${names.join(", ")}`;
      throw new CommandError(
        typeof map === "number" ? `map idx '${map}' not used: ${has}` : `unable to find map '${map}': ${has}`,
      );
    }
    if (found.has(name)) {
      throw new CommandError(`replacement for map idx ${names.indexOf(name)} specified more than once`);
    }
    found.set(name, fd);
  }
  return found;
}
