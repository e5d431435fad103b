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
/** How many types one comparison may visit. Two structs of the same file can contain each other very often. */
const MOST_STEPS = 1 << 18;

/**
 * Compares what two files say about one symbol by libbpf's rules: sizes, names and members must agree, the length of
 * arrays may differ, and a pointer to a struct only needs a struct of the same name. Returns the first difference as
 * the end of a sentence about `a`; undefined if there is none.
 */
export function typeDifference(a: TypeOfFile, b: TypeOfFile): string | undefined {
  return new Comparison(a, b).compare(a.id, b.id, true, 0);
}

class Comparison {
  readonly #a: TypeOfFile;
  readonly #b: TypeOfFile;
  #steps = 0;

  constructor(a: TypeOfFile, b: TypeOfFile) {
    this.#a = a;
    this.#b = b;
  }

  /** Without `isExact`, two structs of the same name are equal, and a forward declaration is equal to its struct. */
  compare(idA: TypeId, idB: TypeId, isExact: boolean, depth: number): string | undefined {
    const { source, btf } = this.#a;
    if (depth > MOST_DEPTH || ++this.#steps > MOST_STEPS) {
      throw new FormatError(
        { source },
        `type ${idA}: too many types are nested in it to compare it with another file's`,
      );
    }
    const a = btf.type(btf.resolve(idA));
    const b = this.#b.btf.type(this.#b.btf.resolve(idB));
    const next = (x: TypeId, y: TypeId, exact = isExact) => this.compare(x, y, exact, depth + 1);
    if (!isExact && (a.kind === "fwd") !== (b.kind === "fwd")) {
      return declaredKind(a) === declaredKind(b) && a.name === b.name ? undefined : this.#differ(a, b);
    }
    if (a.kind !== b.kind) return this.#differ(a, b);
    const isNamed = a.kind !== "int" && a.kind !== "float" && a.kind !== "ptr" && a.kind !== "array";
    if (isNamed && a.name !== b.name) return this.#differ(a, b);
    switch (a.kind) {
      case "void":
      case "fwd":
        return undefined;
      case "int":
      case "float":
      case "enum":
      case "enum64": {
        const size = (b as typeof a).size;
        return a.size === size ? undefined : this.#unlike(`has ${a.size} bytes`, `${size}`, describe(a));
      }
      case "ptr":
        return next(a.type, (b as typeof a).type, false);
      case "array":
        return next(a.type, (b as typeof a).type);
      case "func":
      case "var": {
        const other = b as typeof a;
        const isStatic = a.linkage === "static";
        if (isStatic !== (other.linkage === "static")) {
          return this.#unlike(`is ${isStatic ? "" : "not "}static`, `it is ${isStatic ? "not " : ""}static`);
        }
        return next(a.type, other.type);
      }
      case "struct":
      case "union": {
        if (!isExact) return undefined;
        const { members } = b as typeof a;
        if (a.members.length !== members.length) {
          return this.#unlike(`has ${a.members.length} members`, `${members.length}`, describe(a));
        }
        for (const [i, member] of a.members.entries()) {
          const other = members[i] ?? member;
          if (member.name !== other.name) {
            return this.#unlike(`has the member "${member.name}" as number ${i + 1}`, `"${other.name}"`, describe(a));
          }
          if (member.bitOffset !== other.bitOffset || member.bitSize !== other.bitSize) {
            return this.#unlike(
              `has the member "${member.name}" at bit ${member.bitOffset}`,
              member.bitOffset === other.bitOffset ? "with another width" : `at bit ${other.bitOffset}`,
              describe(a),
            );
          }
          const difference = next(member.type, other.type);
          if (difference !== undefined) return difference;
        }
        return undefined;
      }
      case "func_proto": {
        const other = b as typeof a;
        if (a.params.length !== other.params.length) {
          return this.#unlike(`has ${a.params.length} parameters`, `${other.params.length}`);
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

  #differ(a: BtfType, b: BtfType): string {
    return `its type has ${describe(a)} where ${this.#b.source} has ${describe(b)}`;
  }

  #unlike(here: string, there: string, what = "it"): string {
    return `${what} ${here}, but ${there} in ${this.#b.source}`;
  }
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
  const kind = type.kind === "fwd" ? `${declaredKind(type)} (only declared)` : type.kind;
  return type.name === "" ? `an anonymous ${kind}` : `${kind} ${type.name}`;
}
