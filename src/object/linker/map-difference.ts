import { readMapDefinition } from "../map-definition.ts";
import type { MapSpec } from "../spec.ts";
import { type TypeOfFile, typeDifference } from "./symbol-types.ts";

/** A map that two files define or declare. */
interface Pair {
  readonly name: string;
  readonly a: TypeOfFile;
  readonly b: TypeOfFile;
}

/**
 * Compares the definitions that two files have of one map. `a` and `b` are its variables. Returns the first difference
 * as the end of a sentence about `a`; undefined if there is none. Throws FormatError if a definition is wrong.
 */
export function mapDifference(name: string, a: TypeOfFile, b: TypeOfFile): string | undefined {
  return compare({ name, a, b }, definition(name, a), definition(name, b), "");
}

function definition(name: string, { btf, id, source }: TypeOfFile): MapSpec {
  return readMapDefinition({ btf, source, ignoreUnknown: false }, name, btf.resolve(btf.target(id)));
}

/** `of` names the map that is compared: the map itself, or the map that its values are. */
function compare(pair: Pair, a: MapSpec, b: MapSpec, of: string): string | undefined {
  const { source } = pair.b;
  const differ = (what: string, here: unknown, there: unknown) => `${what}${of} is ${here}, but ${there} in ${source}`;
  const compareTypes = (what: "key" | "value") => {
    const key = `${what}TypeId` as const;
    const has = (id: number) => (id === 0 ? "only a size" : "a type");
    if ((a[key] === 0) !== (b[key] === 0))
      return `its ${what}${of} has ${has(a[key])}, but ${has(b[key])} in ${source}`;
    if (a[key] === 0) return undefined;
    const difference = typeDifference({ ...pair.a, id: a[key] }, { ...pair.b, id: b[key] });
    return difference && `its ${what}${of} differs: ${difference}`;
  };
  const numbers = (entries: readonly (readonly [string, unknown, unknown])[]) => {
    const found = entries.find(([, here, there]) => here !== there);
    return found && differ(...found);
  };
  const inner = (map: MapSpec) => (map.innerMap === undefined ? "has no values that are maps" : "has maps as values");
  return (
    numbers([
      ["type", a.type, b.type],
      ["key_size", a.keySize, b.keySize],
    ]) ??
    compareTypes("key") ??
    numbers([["value_size", a.valueSize, b.valueSize]]) ??
    compareTypes("value") ??
    numbers([
      ["max_entries", a.maxEntries, b.maxEntries],
      ["map_flags", a.flags, b.flags],
      ["numa_node", a.numaNode ?? 0, b.numaNode ?? 0],
      ["pinning", a.pinning, b.pinning],
    ]) ??
    (inner(a) === inner(b) ? undefined : `it ${inner(a)}, but ${source} ${inner(b)}`) ??
    (a.innerMap && b.innerMap && compare(pair, a.innerMap, b.innerMap, " of the inner map"))
  );
}
