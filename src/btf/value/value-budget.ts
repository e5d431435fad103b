import type { Btf } from "../btf.ts";
import type { TypeId } from "../types.ts";

// A BTF of a few bytes can declare an array of 2^32 empty structs, or 30 structs that each contain the next struct
// twice. Code that walks the values of a type must call checkValues() first.

/**
 * A type may have this many values, plus {@link VALUES_PER_BYTE} for each of its bytes. Real types have fewer than one
 * value per byte, or a few more if they have bitfields and unions.
 */
const FREE_VALUES = 4096;
const VALUES_PER_BYTE = 16;
/**
 * The most members of a type, including nested members. An array counts as one member. Real types have at most
 * thousands.
 */
const MOST_MEMBERS = 1 << 17;
/** The kernel's limit on nested types. */
export const MAX_DEPTH = 32;

/** The amount of work of a walk over the values of a type. */
export interface ValueCount {
  /** The number of values. Numbers count, and so do the structs, unions and arrays that contain them. */
  readonly values: number;
  readonly members: number;
  /** Size in bytes; 0 for a type without a size. */
  readonly size: number;
  /**
   * The type that is too large to walk and the reason. The type is the walked type itself or a type inside it.
   * Undefined if no type is too large.
   */
  readonly tooMuch: { readonly type: TypeId; readonly problem: string } | undefined;
}

const ONE: ValueCount = { values: 1, members: 1, size: 0, tooMuch: undefined };

const counted = new WeakMap<Btf, Map<TypeId, ValueCount>>();

/**
 * Counts the values of a type and caches the result. Throws FormatError if a type refers to one that does not exist.
 */
export function countValues(btf: Btf, id: TypeId): ValueCount {
  let known = counted.get(btf);
  if (known === undefined) {
    known = new Map();
    counted.set(btf, known);
  }
  return count(btf, id, known, 0);
}

/** Throws FormatError for a type that is too large to walk. */
export function checkValues(btf: Btf, id: TypeId): void {
  const { tooMuch } = countValues(btf, id);
  if (tooMuch !== undefined) throw btf.error(tooMuch.type, tooMuch.problem);
}

function count(btf: Btf, id: TypeId, known: Map<TypeId, ValueCount>, depth: number): ValueCount {
  const done = known.get(id);
  if (done !== undefined) return done;
  const endless = { ...ONE, tooMuch: { type: id, problem: `nests more than ${MAX_DEPTH} types deep` } };
  if (depth > MAX_DEPTH) return endless;
  // If the walk reaches this type again below, the type contains itself, and `endless` is the right result.
  known.set(id, endless);
  try {
    const result = countNew(btf, id, known, depth);
    const limited = result.tooMuch === undefined ? { ...result, tooMuch: excess(id, result) } : result;
    known.set(id, limited);
    return limited;
  } catch (error) {
    known.delete(id);
    throw error;
  }
}

function excess(type: TypeId, { values, members, size }: ValueCount): ValueCount["tooMuch"] {
  if (values > FREE_VALUES + VALUES_PER_BYTE * size) {
    return { type, problem: `contains ${values} values in only ${size} bytes` };
  }
  return members > MOST_MEMBERS ? { type, problem: `contains ${members} members` } : undefined;
}

function countNew(btf: Btf, id: TypeId, known: Map<TypeId, ValueCount>, depth: number): ValueCount {
  const type = btf.type(id);
  switch (type.kind) {
    case "typedef":
    case "volatile":
    case "const":
    case "restrict":
    case "type_tag":
    case "var":
      return count(btf, type.type, known, depth + 1);
    case "int":
    case "enum":
    case "enum64":
    case "float":
      return { ...ONE, size: type.size };
    case "ptr":
      return { ...ONE, size: btf.pointerSize };
    case "array": {
      const element = count(btf, type.type, known, depth + 1);
      return {
        ...element,
        values: 1 + type.length * element.values,
        members: 1 + element.members,
        size: type.length * element.size,
      };
    }
    case "struct":
    case "union":
      return total(
        type.members.map((member) => count(btf, member.type, known, depth + 1)),
        type.size,
      );
    case "datasec": {
      const parts = type.variables.map((variable) => count(btf, variable.type, known, depth + 1));
      const end = type.variables.reduce((most, { offset }, i) => Math.max(most, offset + (parts[i]?.size ?? 0)), 0);
      return total(parts, Math.max(type.size, end));
    }
    default:
      return ONE;
  }
}

function total(parts: readonly ValueCount[], size: number): ValueCount {
  let values = 1;
  let members = 1;
  for (const part of parts) {
    values += part.values;
    members += part.members;
  }
  return { values, members, size, tooMuch: parts.find((part) => part.tooMuch !== undefined)?.tooMuch };
}
