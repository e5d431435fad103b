import { BtfKind, type TypeId } from "../types.ts";
import type { FlatTypes } from "./flat-types.ts";
import type { WorkLimit } from "./work-limit.ts";

/**
 * A 64-bit number in two halves. Bigints would be slower: computing the hashes would then take half of the time of
 * printing a kernel's types.
 */
interface Hash64 {
  high: number;
  low: number;
}

/**
 * Computes the hashes by which bpftool sorts types with equal names. A hash is a 64-bit number. It is computed from
 * the names of enumerators, of members and of the members' types.
 */
export class TypeHashes {
  readonly #types: FlatTypes;
  readonly #limit: WorkLimit;
  /**
   * A type has two hashes: one of the type itself, and one for its use as the type of a member. The second hash does
   * not cover the members of the type.
   */
  readonly #whole: HashTable;
  readonly #asMember: HashTable;

  constructor(types: FlatTypes, limit: WorkLimit) {
    this.#types = types;
    this.#limit = limit;
    this.#whole = new HashTable(types.endId);
    this.#asMember = new HashTable(types.endId);
  }

  /** Compares the hashes of two types as unsigned numbers. */
  compare(a: TypeId, b: TypeId): number {
    const table = this.#whole;
    this.#fill(a, table, 0);
    this.#fill(b, table, 0);
    const high = (table.high[a] as number) - (table.high[b] as number);
    return high !== 0 ? high : (table.low[a] as number) - (table.low[b] as number);
  }

  isZero(id: TypeId): boolean {
    this.#fill(id, this.#whole, 0);
    return this.#whole.high[id] === 0 && this.#whole.low[id] === 0;
  }

  #fill(id: TypeId, table: HashTable, depth: number): void {
    if (table.known[id] === 1) return;
    const types = this.#types;
    const { words, strings } = types;
    const hash: Hash64 = { high: 0, low: 0 };
    this.#limit.step(id, depth);
    const kind = types.kind(id);
    addName(hash, strings, types.nameOffset(id));
    const vlen = types.vlen(id);
    const first = types.after(id);
    switch (kind) {
      case BtfKind.ENUM:
      case BtfKind.ENUM64: {
        const step = kind === BtfKind.ENUM ? 2 : 3;
        for (let i = 0; i < vlen; i++) addName(hash, strings, words[first + step * i] as number);
        break;
      }
      case BtfKind.STRUCT:
      case BtfKind.UNION:
        if (table === this.#asMember) break;
        for (let i = 0, at = first; i < vlen; i++, at += 3) {
          addName(hash, strings, words[at] as number);
          this.#addType(hash, words[at + 1] as number, this.#asMember, depth);
        }
        break;
      case BtfKind.ARRAY:
        add(hash, 0, words[first + 2] as number);
        this.#addType(hash, types.target(id), table, depth);
        break;
      case BtfKind.PTR:
      case BtfKind.TYPEDEF:
      case BtfKind.VOLATILE:
      case BtfKind.CONST:
      case BtfKind.RESTRICT:
      case BtfKind.TYPE_TAG:
      case BtfKind.DECL_TAG:
        this.#addType(hash, types.target(id), table, depth);
        break;
      default:
        break;
    }
    table.high[id] = hash.high;
    table.low[id] = hash.low;
    table.known[id] = 1;
  }

  #addType(hash: Hash64, id: TypeId, table: HashTable, depth: number): void {
    this.#fill(id, table, depth + 1);
    add(hash, table.high[id] as number, table.low[id] as number);
  }
}

class HashTable {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
  readonly known: Uint8Array;
  constructor(count: number) {
    this.high = new Uint32Array(count);
    this.low = new Uint32Array(count);
    this.known = new Uint8Array(count);
    // The hash of void is 0.
    this.known[0] = 1;
  }
}

/** Computes hash = 31 * hash + value, modulo 2^64. */
function add(hash: Hash64, high: number, low: number): void {
  const sum = 31 * (hash.low >>> 0) + (low >>> 0);
  hash.high = (Math.imul(hash.high, 31) + high + Math.floor(sum / 0x100000000)) | 0;
  hash.low = sum | 0;
}

/** Adds the hash of a name. The bytes of the name count as signed chars. An empty name adds nothing. */
function addName(hash: Hash64, strings: Uint8Array, offset: number): void {
  if (offset === 0) return;
  let high = 0;
  let low = 0;
  for (let i = offset; strings[i] !== 0; i++) {
    const byte = ((strings[i] as number) << 24) >> 24;
    const sum = 31 * low + (byte >>> 0);
    high = (Math.imul(high, 31) + (byte >> 31) + Math.floor(sum / 0x100000000)) >>> 0;
    low = sum % 0x100000000;
  }
  add(hash, high, low);
}
