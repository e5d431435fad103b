import type { Btf, BtfType, TypeId } from "../../btf/index.ts";
import { FormatError } from "../../errors/index.ts";

/** A type, and the file that it comes from. */
export interface TypeOfFile {
  readonly btf: Btf;
  readonly id: TypeId;
  readonly source: string;
}

/** The kernel's limit on nesting, which holds for these types too. */
const MOST_DEPTH = 32;
/** How many types all comparisons may visit together while objects are linked. Real objects need some thousands. */
const MOST_STEPS = 1 << 22;

/** Limits the comparisons while objects are linked, because a struct can contain another struct very often. */
export class ComparisonBudget {
  #left = MOST_STEPS;

  /** Throws FormatError if no step is left. */
  step({ source }: TypeOfFile): void {
    if (--this.#left >= 0) return;
    throw new FormatError({ source }, "comparing its global symbols with those of other files would take too long");
  }
}

/**
 * Compares the types that two files have for one symbol, by libbpf's rules: sizes, names and members must be equal. The
 * lengths of arrays may differ. Structs behind pointers only need equal names. Returns the first difference as the end
 * of a sentence in which "here" is `a` and "there" is `b`; undefined if there is none.
 */
export function typeDifference(a: TypeOfFile, b: TypeOfFile, budget: ComparisonBudget): string | undefined {
  return new Comparison(a, b, budget).compare(a.id, b.id, true, 0);
}

class Comparison {
  readonly #a: TypeOfFile;
  readonly #b: TypeOfFile;
  readonly #budget: ComparisonBudget;

  constructor(a: TypeOfFile, b: TypeOfFile, budget: ComparisonBudget) {
    this.#a = a;
    this.#b = b;
    this.#budget = budget;
  }

  /** Without `isExact`, two structs of the same name are equal, and a forward declaration is equal to its struct. */
  compare(idA: TypeId, idB: TypeId, isExact: boolean, depth: number): string | undefined {
    const { btf } = this.#a;
    this.#budget.step(this.#a);
    if (depth > MOST_DEPTH)
      throw this.#a.btf.error(idA, `is nested more than ${MOST_DEPTH} levels deep in the type of a global symbol`);
    const a = btf.type(btf.resolve(idA));
    const b = this.#b.btf.type(this.#b.btf.resolve(idB));
    const next = (x: TypeId, y: TypeId, exact = isExact) => this.compare(x, y, exact, depth + 1);
    if (!isExact && (a.kind === "fwd") !== (b.kind === "fwd")) {
      return declaredKind(a) === declaredKind(b) && a.name === b.name ? undefined : differ(a, b);
    }
    if (a.kind !== b.kind) return differ(a, b);
    const isNamed = a.kind !== "int" && a.kind !== "float" && a.kind !== "ptr" && a.kind !== "array";
    if (isNamed && a.name !== b.name) return differ(a, b);
    switch (a.kind) {
      case "void":
      case "fwd":
        return undefined;
      case "int":
      case "float":
      case "enum":
      case "enum64": {
        const { size } = b as typeof a;
        return a.size === size
          ? undefined
          : `${describe(a)} of ${a.size} bytes here, but ${describe(b)} of ${size} there`;
      }
      case "ptr":
        return next(a.type, (b as typeof a).type, false);
      case "array":
        return next(a.type, (b as typeof a).type);
      case "func":
      case "var": {
        const other = b as typeof a;
        const [here, there] = [a.linkage === "static", other.linkage === "static"];
        if (here !== there) return `it is static ${here ? "here, but not there" : "there, but not here"}`;
        return next(a.type, other.type);
      }
      case "struct":
      case "union": {
        if (!isExact) return undefined;
        const { members } = b as typeof a;
        if (a.members.length !== members.length) {
          return `${describe(a)} has ${a.members.length} members here, but ${members.length} there`;
        }
        for (const [i, member] of a.members.entries()) {
          const other = members[i] ?? member;
          const which = `member ${i + 1} of ${describe(a)}`;
          if (member.name !== other.name) return `${which} is "${member.name}" here, but "${other.name}" there`;
          if (member.bitOffset !== other.bitOffset) {
            return `${which} is at bit ${member.bitOffset} here, but at bit ${other.bitOffset} there`;
          }
          if (member.bitSize !== other.bitSize) {
            return `${which} is a bitfield of ${member.bitSize} bits here, but of ${other.bitSize} bits there`;
          }
          const difference = next(member.type, other.type);
          if (difference !== undefined) return difference;
        }
        return undefined;
      }
      case "func_proto": {
        const other = b as typeof a;
        if (a.params.length !== other.params.length) {
          return `the number of its parameters is ${a.params.length} here, but ${other.params.length} there`;
        }
        for (const [i, { type }] of a.params.entries()) {
          const difference = next(type, other.params[i]?.type ?? 0);
          if (difference !== undefined) return difference;
        }
        return next(a.returns, other.returns);
      }
      default:
        return `${describe(a)} cannot be the type of a global symbol`;
    }
  }
}

function differ(a: BtfType, b: BtfType): string {
  return `${describe(a)} here, but ${describe(b)} there`;
}

function declaredKind(type: BtfType): string {
  return type.kind === "fwd" ? (type.union ? "union" : "struct") : type.kind;
}

const ARTICLES: Readonly<Partial<Record<BtfType["kind"], string>>> = {
  void: "void",
  ptr: "a pointer",
  array: "an array",
  func: "a function",
  func_proto: "a function's prototype",
  var: "a variable",
};

function describe(type: BtfType): string {
  const known = ARTICLES[type.kind];
  if (known !== undefined) return known;
  if (type.kind === "int" || type.kind === "float") return type.name;
  const kind = type.kind === "fwd" ? `${declaredKind(type)} (only declared)` : type.kind;
  return type.name === "" ? `an anonymous ${kind}` : `${kind} ${type.name}`;
}
