import { type SectionKind, sectionKindOfType } from "../../object/index.ts";
import type { OwnedFd } from "../../sys/index.ts";
import { CommandError } from "../command-error.ts";
import { takeMap } from "../handle/map.ts";
import { parseU32 } from "../handle/number.ts";
import type { Words } from "../words.ts";

/** A map of the object that is not made: one that exists takes its place. */
export interface MapReplacement {
  /** Its number in the object's order, or its name. */
  readonly map: number | string;
  readonly fd: OwnedFd;
}

/** The words behind `prog load` and `prog loadall`. */
export interface LoadArguments {
  readonly file: string;
  readonly path: string;
  readonly type: SectionKind | undefined;
  /** The caller closes their fds. */
  readonly replacements: readonly MapReplacement[];
  readonly pinMaps: string | undefined;
  readonly autoAttach: boolean;
  readonly kernelBtf: string | undefined;
}

type Mutable = { -readonly [K in keyof LoadArguments]: LoadArguments[K] };

/** Takes `OBJ PATH [type TYPE] [map { idx IDX | name NAME } MAP] [pinmaps MAP_DIR] [autoattach] [kernel_btf BTF_FILE]`. */
export function takeLoadArguments(words: Words): LoadArguments {
  words.need(2);
  const replacements: MapReplacement[] = [];
  const taken: Mutable = {
    file: words.take("an object file"),
    path: words.take("a path"),
    type: undefined,
    replacements,
    pinMaps: undefined,
    autoAttach: false,
    kernelBtf: undefined,
  };
  try {
    while (words.left > 0) takeOption(words, taken, replacements);
  } catch (error) {
    for (const { fd } of replacements) fd.close();
    throw error;
  }
  return taken;
}

function takeOption(words: Words, taken: Mutable, replacements: MapReplacement[]): void {
  if (words.takeKeyword("type")) {
    if (taken.type !== undefined) throw new CommandError("program type already specified");
    const name = words.take("a program type");
    taken.type = sectionKindOfType(name);
    if (taken.type === undefined) {
      throw new CommandError(`unknown program type '${name}'; see TYPE in 'bpfts prog help'`);
    }
  } else if (words.takeKeyword("map")) {
    words.need(4);
    replacements.push(takeReplacement(words));
  } else if (words.takeKeyword("dev") || words.takeKeyword("offload_dev") || words.takeKeyword("xdpmeta_dev")) {
    throw new CommandError("bpfts does not have 'offload_dev' and 'xdpmeta_dev' yet; bpftool has them");
  } else if (words.takeKeyword("pinmaps")) taken.pinMaps = words.take("a directory");
  else if (words.takeKeyword("autoattach")) taken.autoAttach = true;
  else if (words.takeKeyword("kernel_btf")) taken.kernelBtf = words.take("a BTF file");
  else {
    throw new CommandError(
      `expected no more arguments, 'type', 'map', 'pinmaps', 'autoattach', or 'kernel_btf', got: '${words.peek}'?`,
    );
  }
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
  throw new CommandError(`expected 'idx' or 'name', got: '${words.peek}'?`);
}

/** The names of the object's maps that are replaced, with what replaces them. Each may be replaced once. */
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
    if (found.has(name)) throw new CommandError(`replacement for map '${name}' specified more than once`);
    found.set(name, fd);
  }
  return found;
}
