import type { Btf } from "../btf.ts";
import { formatSignature, formatType } from "../c-declaration.ts";
import { FlatTypes } from "../dump/flat-types.ts";
import type { BtfType, TypeId } from "../types.ts";
import { memberOwner } from "./find-names.ts";
import { flatMembers, MemberBudget } from "./flat-members.ts";

/** The kinds of types that are compared by name. */
export type ComparedKind = "struct" | "union" | "enum" | "typedef" | "func" | "var";

/** A value before and after a change. It is undefined on the side where it does not exist. */
export interface Change<T> {
  readonly before: T | undefined;
  readonly after: T | undefined;
}

/** The offset of a member in its struct, and its type in C. */
export interface MemberPlace {
  readonly type: string;
  readonly bitOffset: number;
  /** Width of a bitfield in bits; 0 for an ordinary member. */
  readonly bitSize: number;
}

/** A difference between two BTFs: a type, function or variable that was added, removed or changed. */
export interface BtfDifference {
  readonly kind: ComparedKind;
  readonly name: string;
  readonly change: "added" | "removed" | "changed";
  /** The size in bytes, if it changed. */
  readonly size?: Change<number> | undefined;
  /** The members that were added, removed or moved, or whose type changed. `name` is the path of the member. */
  readonly members?: readonly (Change<MemberPlace> & { readonly name: string })[];
  /** The enumerators that were added or removed, or whose number changed. */
  readonly values?: readonly (Change<number | bigint> & { readonly name: string })[];
  /** The prototype of a function, the type of a variable, or the target of a typedef, if it changed. */
  readonly declaration?: Change<string> | undefined;
}

/** Options of {@link diffBtf}. */
export interface DiffOptions {
  /** Compares only names for which this function returns true. */
  readonly fits?: ((name: string) => boolean) | undefined;
}

/**
 * Compares two BTFs, for example of two kernels. It compares structs, unions, enums, typedefs, functions and variables
 * by their names. Members of an anonymous struct count as members of the struct that contains it, as in CO-RE. Returns
 * the differences by kind and name. Throws FormatError.
 */
export function diffBtf(before: Btf, after: Btf, { fits }: DiffOptions = {}): BtfDifference[] {
  const numbers = new Map<string, number>();
  const old = describeTypes(before, fits, numbers);
  const now = describeTypes(after, fits, numbers);
  const differences: BtfDifference[] = [];
  for (const key of new Set([...old.keys(), ...now.keys()])) {
    differences.push(...compareDefinitions(old.get(key) ?? NONE, now.get(key) ?? NONE));
  }
  const order = (kind: ComparedKind): number => KINDS.indexOf(kind);
  return differences.sort((a, b) => order(a.kind) - order(b.kind) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/**
 * All definitions of one name, by their {@link comparedText}. Two C files of one kernel may define the same name
 * differently.
 */
type Definitions = ReadonlyMap<string, Description>;
const NONE: Definitions = new Map();

const KINDS: readonly ComparedKind[] = ["struct", "union", "enum", "typedef", "func", "var"];

/** One definition of a name. */
interface Description {
  readonly kind: ComparedKind;
  readonly name: string;
  readonly size: number | undefined;
  readonly members: ReadonlyMap<string, MemberPlace>;
  readonly values: ReadonlyMap<string, number | bigint>;
  readonly declaration: string | undefined;
}

/**
 * Returns all definitions by kind and name. `numbers` maps the spelling of each type to a number, so that the compared
 * texts stay short.
 */
function describeTypes(btf: Btf, fits: DiffOptions["fits"], numbers: Map<string, number>): Map<string, Definitions> {
  new FlatTypes(btf).check();
  const found = new Map<string, Map<string, Description>>();
  const budget = new MemberBudget(btf);
  const spellings = new Map<TypeId, string>();
  const spell = (id: TypeId): string => {
    let text = spellings.get(id);
    if (text === undefined) {
      text = formatType(btf, id);
      // A type that is too long to spell is shown by its id, and ids differ from BTF to BTF.
      if (text === `type ${id}`) text = "…";
      spellings.set(id, text);
    }
    return text;
  };
  for (const id of btf.ids()) {
    const type = btf.type(id);
    if (type.name === "" || fits?.(type.name) === false) continue;
    const description = describe(btf, type, spell, budget);
    if (description === undefined) continue;
    const key = `${description.kind} ${description.name}`;
    let definitions = found.get(key);
    if (definitions === undefined) {
      definitions = new Map();
      found.set(key, definitions);
    }
    definitions.set(comparedText(description, numbers), description);
  }
  return found;
}

/** Returns a text that is equal for equal descriptions. */
function comparedText({ size, declaration, members, values }: Description, numbers: Map<string, number>): string {
  const numberOf = (spelling: string): number => {
    const known = numbers.get(spelling) ?? numbers.size;
    numbers.set(spelling, known);
    return known;
  };
  const lines = [`${size}`, `${declaration}`];
  for (const [name, { type, bitOffset, bitSize }] of members) {
    lines.push(`${name} ${numberOf(type)} ${bitOffset} ${bitSize}`);
  }
  for (const [name, value] of values) lines.push(`${name} ${value}`);
  return lines.join("\n");
}

function describe(
  btf: Btf,
  type: BtfType,
  spell: (id: TypeId) => string,
  budget: MemberBudget,
): Description | undefined {
  const kind = comparedKind(type);
  if (kind === undefined) return undefined;
  const owner = memberOwner(btf, type);
  const members = new Map<string, MemberPlace>();
  if (owner !== undefined) {
    for (const { path, type: id, bitOffset, bitSize } of flatMembers(btf, owner, budget)) {
      members.set(path, { type: spell(id), bitOffset, bitSize });
    }
  }
  const isEnum = type.kind === "enum" || type.kind === "enum64";
  const values = new Map(isEnum ? type.values.map(({ name, value }) => [name, value]) : []);
  const size = isEnum ? type.size : owner === undefined ? undefined : btf.sizeOf(owner);
  const declaration = owner === undefined ? declarationOf(btf, type, spell) : undefined;
  return { kind, name: type.name, size, members, values, declaration };
}

function comparedKind({ kind }: BtfType): ComparedKind | undefined {
  if (kind === "enum64") return "enum";
  return KINDS.find((known) => known === kind);
}

function declarationOf(btf: Btf, type: BtfType, spell: (id: TypeId) => string): string | undefined {
  if (type.kind === "func") return formatSignature(btf, type.id) || spell(type.type);
  return type.kind === "typedef" || type.kind === "var" ? spell(type.type) : undefined;
}

/** Compares all definitions of one name. A definition that is equal on both sides is left out. */
function compareDefinitions(old: Definitions, now: Definitions): BtfDifference[] {
  const gone = [...old].filter(([text]) => !now.has(text)).map(([, description]) => description);
  const fresh = [...now].filter(([text]) => !old.has(text)).map(([, description]) => description);
  const differences: BtfDifference[] = [];
  for (let i = 0; i < Math.max(gone.length, fresh.length); i++) {
    const before = gone[i];
    const after = fresh[i];
    const { kind, name } = (before ?? after) as Description;
    if (before !== undefined && after !== undefined) differences.push(compareTwo(before, after));
    else differences.push({ kind, name, change: before === undefined ? "added" : "removed" });
  }
  return differences;
}

function compareTwo(before: Description, after: Description): BtfDifference {
  const { kind, name } = before;
  const samePlace = (a: MemberPlace, b: MemberPlace): boolean =>
    a.type === b.type && a.bitOffset === b.bitOffset && a.bitSize === b.bitSize;
  return {
    kind,
    name,
    change: "changed",
    size: before.size === after.size ? undefined : { before: before.size, after: after.size },
    members: changes(before.members, after.members, samePlace),
    values: changes(before.values, after.values, (a, b) => BigInt(a) === BigInt(b)),
    declaration:
      before.declaration === after.declaration ? undefined : { before: before.declaration, after: after.declaration },
  };
}

/** Returns the differences between two maps, by name: first what was removed or changed, then what was added. */
function changes<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  isSame: (a: T, b: T) => boolean,
): (Change<T> & { name: string })[] {
  const found: (Change<T> & { name: string })[] = [];
  for (const [name, old] of before) {
    const now = after.get(name);
    if (now === undefined || !isSame(old, now)) found.push({ name, before: old, after: now });
  }
  for (const [name, now] of after) if (!before.has(name)) found.push({ name, before: undefined, after: now });
  return found;
}
