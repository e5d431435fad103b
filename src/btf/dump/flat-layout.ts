import { BtfKind, type TypeId } from "../types.ts";
import type { FlatTypes } from "./flat-types.ts";

/** The limit of the kernel and of libbpf on nested types. */
const DEEPEST = 32;
const MOST_BYTES = 0xffffffff;

/**
 * Computes the sizes and alignments of types by libbpf's rules, and caches the alignments. It is made for passes over
 * all types.
 */
export class FlatLayout {
  readonly #types: FlatTypes;
  readonly #pointerSize: number;
  /** The cached alignment of each type; 0 if it was not computed yet. */
  readonly #aligns: Uint8Array;

  constructor(types: FlatTypes, pointerSize: number) {
    this.#types = types;
    this.#pointerSize = pointerSize;
    this.#aligns = new Uint8Array(types.endId);
  }

  /**
   * Returns the size of a value in bytes. As in libbpf's printer, the result is 0 if the type has no size or if the
   * size does not fit 32 bits.
   */
  sizeOf(id: TypeId): number {
    const types = this.#types;
    let at = id;
    let count = 1;
    for (let depth = 0; depth < DEEPEST; depth++) {
      switch (types.kind(at)) {
        case BtfKind.INT:
        case BtfKind.STRUCT:
        case BtfKind.UNION:
        case BtfKind.ENUM:
        case BtfKind.ENUM64:
        case BtfKind.DATASEC:
        case BtfKind.FLOAT: {
          const size = count * types.third(at);
          return size > MOST_BYTES ? 0 : size;
        }
        case BtfKind.PTR: {
          const size = count * this.#pointerSize;
          return size > MOST_BYTES ? 0 : size;
        }
        case BtfKind.ARRAY:
          count *= types.words[types.after(at) + 2] as number;
          if (count > MOST_BYTES) return 0;
          at = types.target(at);
          break;
        case BtfKind.TYPEDEF:
        case BtfKind.VOLATILE:
        case BtfKind.CONST:
        case BtfKind.RESTRICT:
        case BtfKind.VAR:
        case BtfKind.DECL_TAG:
        case BtfKind.TYPE_TAG:
          at = types.target(at);
          break;
        default:
          return 0;
      }
    }
    return 0;
  }

  /** Returns the alignment in bytes; 1 for a packed struct. Throws FormatError for a type that has no alignment. */
  alignOf(id: TypeId): number {
    const known = this.#aligns[id] as number;
    return known !== 0 ? known : this.#compute(id, 0);
  }

  /** Returns true if only a struct with the attribute `packed` can have its members at these offsets. */
  isPacked(id: TypeId): boolean {
    return this.#packedOr(id, 0) === 0;
  }

  #compute(id: TypeId, depth: number): number {
    const types = this.#types;
    if (depth > DEEPEST) throw types.btf.error(id, `nests more than ${DEEPEST} types deep`);
    let align = 0;
    switch (types.kind(id)) {
      case BtfKind.INT:
      case BtfKind.ENUM:
      case BtfKind.ENUM64:
      case BtfKind.FLOAT:
        align = Math.max(1, Math.min(this.#pointerSize, types.third(id)));
        break;
      case BtfKind.PTR:
        align = this.#pointerSize;
        break;
      case BtfKind.TYPEDEF:
      case BtfKind.VOLATILE:
      case BtfKind.CONST:
      case BtfKind.RESTRICT:
      case BtfKind.TYPE_TAG:
      case BtfKind.ARRAY:
        align = this.#known(types.target(id), depth + 1);
        break;
      case BtfKind.STRUCT:
      case BtfKind.UNION:
        align = Math.max(1, this.#packedOr(id, depth));
        break;
      default:
        throw types.btf.error(id, "has no alignment");
    }
    this.#aligns[id] = align;
    return align;
  }

  #known(id: TypeId, depth: number): number {
    const known = this.#aligns[id] as number;
    return known !== 0 ? known : this.#compute(id, depth);
  }

  /** Returns the largest alignment of a struct's members; 0 if the members' offsets show that the struct is packed. */
  #packedOr(id: TypeId, depth: number): number {
    const types = this.#types;
    const { words } = types;
    const hasBitfields = types.kindFlag(id);
    const end = types.after(id) + 3 * types.vlen(id);
    let most = 1;
    for (let at = types.after(id); at < end; at += 3) {
      const align = this.#known(words[at + 1] as number, depth + 1);
      const place = words[at + 2] as number;
      if (!(hasBitfields && place >>> 24 !== 0) && place % (8 * align) !== 0) return 0;
      if (align > most) most = align;
    }
    return types.third(id) % most === 0 ? most : 0;
  }
}
