import { readMapDefinition } from "../map-definition.ts";
import type { MapSpec } from "../spec.ts";
import { type ComparisonBudget, type TypeOfFile, typeDifference } from "./symbol-types.ts";

/** A map that two files define or declare. */
interface Pair {
  readonly name: string;
  readonly a: TypeOfFile;
  readonly b: TypeOfFile;
  readonly budget: ComparisonBudget;
}

/**
 * Compares the definitions that two files have of one map. `a` and `b` are the map's variables in the two files.
 * Returns the first difference as the end of a sentence in which "here" is `a` and "there" is `b`; undefined if there
 * is none. Throws FormatError if a definition is wrong.
 */
export function mapDifference(
  name: string,
  a: TypeOfFile,
  b: TypeOfFile,
  budget: ComparisonBudget,
): string | undefined {
  return compare({ name, a, b, budget }, definition(name, a), definition(name, b), "");
}

function definition(name: string, { btf, id, source }: TypeOfFile): MapSpec {
  return readMapDefinition({ btf, source, ignoreUnknown: false }, name, btf.resolve(btf.target(id)));
}

/**
 * `of` names the compared map in the message: it is empty for the map itself, and " of the inner map" for its inner
 * map.
 */
function compare(pair: Pair, a: MapSpec, b: MapSpec, of: string): string | undefined {
  const subject = (what: string) => (of === "" ? `its ${what}` : `${what}${of}`);
  const compareTypes = (what: "key" | "value") => {
    const key = `${what}TypeId` as const;
    const has = (id: number) => (id === 0 ? "no type" : "a type");
    if ((a[key] === 0) !== (b[key] === 0)) return `${subject(what)} has ${has(a[key])} here, but ${has(b[key])} there`;
    if (a[key] === 0) return undefined;
    const difference = typeDifference({ ...pair.a, id: a[key] }, { ...pair.b, id: b[key] }, pair.budget);
    return difference && `${subject(what)}: ${difference}`;
  };
  const compareFields = (...fields: readonly (readonly [string, unknown, unknown])[]) => {
    const found = fields.find(([, here, there]) => here !== there);
    return found && `${subject(found[0])} is ${found[1]} here, but ${found[2]} there`;
  };
  const compareInner = () => {
    const has = (map: MapSpec) => (map.innerMap === undefined ? "no map" : "a map");
    if (has(a) !== has(b)) return `its values declare ${has(a)} here, but ${has(b)} there`;
    return a.innerMap && b.innerMap && compare(pair, a.innerMap, b.innerMap, " of the inner map");
  };
  return (
    compareFields(["type", a.type, b.type], ["key_size", a.keySize, b.keySize]) ??
    compareTypes("key") ??
    compareFields(["value_size", a.valueSize, b.valueSize]) ??
    compareTypes("value") ??
    compareFields(
      ["max_entries", a.maxEntries, b.maxEntries],
      ["map_flags", a.flags, b.flags],
      ["numa_node", a.numaNode ?? 0, b.numaNode ?? 0],
      ["pinning", a.pinning, b.pinning],
    ) ??
    compareInner()
  );
}
