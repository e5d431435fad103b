import type { FormatError } from "../errors/index.ts";
import { WORDS } from "./memory-keys.ts";
import { BtfKind, type TypeId } from "./types.ts";

/** The parts of a BTF that are needed to compute sizes and alignments. */
export interface TypeWords {
  /** The id of the first type of this blob. All smaller ids are types of the base. */
  readonly firstId: TypeId;
  readonly pointerSize: number;
  has(id: TypeId): boolean;
  kind(id: TypeId): BtfKind;
  name(id: TypeId): string;
  vlen(id: TypeId): number;
  kindFlag(id: TypeId): boolean;
  sizeField(id: TypeId): number;
  target(id: TypeId): TypeId;
  /** Returns the blob that holds a type. */
  owner(id: TypeId): { readonly [WORDS]: Uint32Array };
  /** Returns the index of a type's first word in the words of its owner. */
  wordIndex(id: TypeId): number;
  error(id: TypeId, problem: string): FormatError;
}

/** How deep structs, arrays and modifiers may nest: the kernel's MAX_RESOLVE_DEPTH. */
const MAX_DEPTH = 32;

/** Every spelling of C's `long`, as libbpf's `determine_ptr_size` lists them. */
const LONG: ReadonlySet<string> = new Set([
  "long",
  "long int",
  "int long",
  "unsigned long",
  "long unsigned",
  "unsigned long int",
  "unsigned int long",
  "long unsigned int",
  "long int unsigned",
  "int unsigned long",
  "int long unsigned",
]);

/**
 * Returns the size of a pointer: the size of the first `long` among this blob's own types, or 8 if there is no `long`.
 */
export function pointerSizeOf(btf: TypeWords): number {
  // The loop does not use `endId`, so a lazy BTF is indexed only as far as the first `long`.
  for (let id = btf.firstId; btf.has(id); id++) {
    if (btf.kind(id) !== BtfKind.INT) continue;
    const size = btf.sizeField(id);
    if ((size === 4 || size === 8) && LONG.has(btf.name(id))) return size;
  }
  return 8;
}

/** Returns the size of a value in bytes. Throws FormatError if it is above 2^53 or if the type has no size. */
export function sizeOfType(btf: TypeWords, id: TypeId): number {
  let at = id;
  let count = 1;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const kind = btf.kind(at);
    switch (kind) {
      case BtfKind.INT:
      case BtfKind.STRUCT:
      case BtfKind.UNION:
      case BtfKind.ENUM:
      case BtfKind.ENUM64:
      case BtfKind.DATASEC:
      case BtfKind.FLOAT:
        return product(btf, id, count, btf.sizeField(at));
      case BtfKind.PTR:
        return product(btf, id, count, btf.pointerSize);
      case BtfKind.TYPEDEF:
      case BtfKind.VOLATILE:
      case BtfKind.CONST:
      case BtfKind.RESTRICT:
      case BtfKind.VAR:
      case BtfKind.DECL_TAG:
      case BtfKind.TYPE_TAG:
        at = btf.target(at);
        break;
      case BtfKind.ARRAY: {
        const owner = btf.owner(at);
        const word = btf.wordIndex(at);
        count = product(btf, id, count, owner[WORDS][word + 5] as number);
        at = owner[WORDS][word + 3] as number;
        break;
      }
      default:
        throw btf.error(id, `has no size: ${reasonOf(btf, id, at)}`);
    }
  }
  throw btf.error(id, `nests more than ${MAX_DEPTH} types deep`);
}

/**
 * Describes why a type has no size. The reason is the kind of `at`, the type to which the references of the type lead.
 */
function reasonOf(btf: TypeWords, id: TypeId, at: TypeId): string {
  const subject = at === id ? "it" : `type ${at}`;
  switch (btf.kind(at)) {
    case BtfKind.VOID:
      return `${subject} is void`;
    case BtfKind.FWD:
      return `${btf.kindFlag(at) ? "union" : "struct"} ${btf.name(at)} is only declared, not defined`;
    case BtfKind.FUNC:
    case BtfKind.FUNC_PROTO:
      return `${subject} is a function`;
    default:
      return `${subject} is of kind ${btf.kind(at)}, which is unknown`;
  }
}

function product(btf: TypeWords, id: TypeId, count: number, size: number): number {
  const total = count * size;
  if (!Number.isSafeInteger(total)) throw btf.error(id, `is larger than 2^53 bytes (${count} times ${size})`);
  return total;
}

/**
 * Returns the alignment in bytes by libbpf's rules (`btf__align_of`). `known` caches the alignment of each struct,
 * because many members may have the same struct as their type.
 */
export function alignOfType(btf: TypeWords, id: TypeId, known: Map<TypeId, number>, depth = 0): number {
  let at = id;
  for (let steps = 0; depth + steps <= MAX_DEPTH; steps++) {
    switch (btf.kind(at)) {
      case BtfKind.INT:
      case BtfKind.ENUM:
      case BtfKind.ENUM64:
      case BtfKind.FLOAT:
        return Math.max(1, Math.min(btf.pointerSize, btf.sizeField(at)));
      case BtfKind.PTR:
        return btf.pointerSize;
      case BtfKind.TYPEDEF:
      case BtfKind.VOLATILE:
      case BtfKind.CONST:
      case BtfKind.RESTRICT:
      case BtfKind.TYPE_TAG:
        at = btf.target(at);
        break;
      case BtfKind.ARRAY:
        at = btf.owner(at)[WORDS][btf.wordIndex(at) + 3] as number;
        break;
      case BtfKind.STRUCT:
      case BtfKind.UNION: {
        let align = known.get(at);
        if (align === undefined) {
          align = alignOfMembers(btf, at, known, depth + steps + 1);
          known.set(at, align);
        }
        return align;
      }
      default:
        throw btf.error(id, `has no alignment: ${reasonOf(btf, id, at)}`);
    }
  }
  throw btf.error(id, `nests more than ${MAX_DEPTH} types deep`);
}

function alignOfMembers(btf: TypeWords, id: TypeId, known: Map<TypeId, number>, depth: number): number {
  const { [WORDS]: words } = btf.owner(id);
  const flag = btf.kindFlag(id);
  const end = btf.wordIndex(id) + 3 + 3 * btf.vlen(id);
  let most = 1;
  for (let at = end - 3 * btf.vlen(id); at < end; at += 3) {
    const align = alignOfType(btf, words[at + 1] as number, known, depth);
    if (align > most) most = align;
    const offset = words[at + 2] as number;
    const bitfield = flag && offset >>> 24 !== 0;
    // A member at an offset that does not fit its alignment means that the struct is packed.
    if (!bitfield && (flag ? offset & 0xffffff : offset) % (8 * align) !== 0) return 1;
  }
  return btf.sizeField(id) % most === 0 ? most : 1;
}
