import type { Btf } from "../btf.ts";
import { formatSignature, formatType } from "../c-declaration.ts";
import type { BtfType, TypeId } from "../types.ts";
import { memberOwner } from "./find-names.ts";
import { flatMembers, MemberBudget } from "./flat-members.ts";

/** The kinds of types that are compared by name. */
export type ComparedKind = "struct" | "union" | "enum" | "typedef" | "func" | "var";

/** What was before and what is after. Undefined on the side where there is none. */
export interface Change<T> {
  readonly before: T | undefined;
  readonly after: T | undefined;
}

/** Where a member lies in its struct, and its type in C. */
export interface MemberPlace {
  readonly type: string;
  readonly bitOffset: number;
  /** Width of a bitfield in bits; 0 for an ordinary member. */
  readonly bitSize: number;
}

/** A type or function that two BTFs do not have alike. */
export interface BtfDifference {
  readonly kind: ComparedKind;
  readonly name: string;
  readonly change: "added" | "removed" | "changed";
  /** The size in bytes, where it changed. */
  readonly size?: Change<number> | undefined;
  /** Members that were added, removed, moved or given another type, by their paths. */
  readonly members?: readonly (Change<MemberPlace> & { readonly name: string })[];
  /** Enumerators that were added, removed or given another value. */
  readonly values?: readonly (Change<number | bigint> & { readonly name: string })[];
  /** The prototype of a function, the type of a variable, or what a typedef stands for, where it changed. */
  readonly declaration?: Change<string> | undefined;
}

/** What to compare. */
export interface DiffOptions {
  /** Compares only names for which this is true. */
  readonly fits?: ((name: string) => boolean) | undefined;
}

/**
 * Compares two BTFs, for example of two kernels: structs, unions, enums, typedefs, functions and variables by their names.
 * Members of structs without a name count as members of the struct around them, as CO-RE takes them. Returns the
 * differences by kind and name. Throws FormatError.
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

/** The definitions of one name, by what is compared of them: C files of one kernel may define a name differently. */
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

/** All definitions by kind and name. `numbers` numbers the spellings of types, to keep what is compared short. */
function describeTypes(btf: Btf, fits: DiffOptions["fits"], numbers: Map<string, number>): Map<string, Definitions> {
  const found = new Map<string, Map<string, Description>>();
  const budget = new MemberBudget(btf);
  const spellings = new Map<TypeId, string>();
  const spell = (id: TypeId): string => {
    let text = spellings.get(id);
    if (text === undefined) {
      text = formatType(btf, id);
      // Types that are too long to spell have their ids, which differ from BTF to BTF.
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

/** A text that is the same for equal descriptions. */
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

/** Compares all definitions of one name. Those that are alike on both sides are left out. */
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

/** What is not the same in two maps, by name: first what is there before, then what was added. */
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
