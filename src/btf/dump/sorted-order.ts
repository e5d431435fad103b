import { FormatError } from "../../errors/index.ts";
import { visitReferences } from "../type-fields.ts";
import { BtfKind, type TypeId } from "../types.ts";
import type { FlatTypes } from "./flat-types.ts";
import { compareText } from "./name-counts.ts";
import { TypeHashes } from "./type-hash.ts";
import { WorkLimit } from "./work-limit.ts";

/** The rank of types that have no name or no definition. */
const LAST_RANK = 10;
/** The length of the longest chain of references. A longer chain is an error. */
const LONGEST_CHAIN = 500;
/** The most types that can be sorted. A sort key has 52 bits: 4 for a rank, 24 for a name, and 24 for an id. */
const MOST_TYPES = 1 << 24;

/**
 * Sorts types as `bpftool btf dump … format c` does: by the rank of the kind, by the name of the type at the end of a
 * chain of references, by the type's own name, by a hash of names, and last by id. The order depends on names rather
 * than ids, so that the headers of two kernels can be compared.
 */
export class SortedOrder {
  readonly #types: FlatTypes;
  readonly #ranks: Uint8Array;
  readonly #hashes: TypeHashes;

  constructor(types: FlatTypes) {
    if (types.endId > MOST_TYPES) {
      const problem = `${types.endId} types are too many to sort; the limit is ${MOST_TYPES}`;
      throw new FormatError({ source: types.btf.source }, problem);
    }
    this.#types = types;
    this.#hashes = new TypeHashes(types, new WorkLimit(types));
    this.#ranks = new Uint8Array(types.endId);
    for (let id = 0; id < types.endId; id++) this.#ranks[id] = rankOf(types, id);
  }

  /** Returns the named definitions and the anonymous enums. */
  definitions(): TypeId[] {
    const ranks = this.#ranks;
    let count = 0;
    for (let id = 1; id < ranks.length; id++) if (ranks[id] !== LAST_RANK) count++;
    const ids = new Uint32Array(count);
    for (let id = 1, at = 0; id < ranks.length; id++) if (ranks[id] !== LAST_RANK) ids[at++] = id;
    return this.#sort(ids);
  }

  /**
   * Returns the types to print after the {@link definitions}: forward declarations, typedefs of them and of void, and
   * anonymous types that refer to any of these. All other types would print nothing.
   */
  rest(isPrinted: (id: TypeId) => boolean): TypeId[] {
    const types = this.#types;
    const ranks = this.#ranks;
    const isLeft = new Uint8Array(types.endId);
    const found: TypeId[] = [];
    for (let id = 1; id < types.endId; id++) {
      if (ranks[id] !== LAST_RANK || isPrinted(id)) continue;
      const kind = types.kind(id);
      if (kind !== BtfKind.FWD && kind !== BtfKind.TYPEDEF) continue;
      isLeft[id] = 1;
      found.push(id);
    }
    if (found.length === 0) return [];
    const users = new AnonymousUsers(types, (id) => ranks[id] === LAST_RANK);
    // The list grows while this loop runs over it.
    for (let i = 0; i < found.length; i++) {
      users.visit(found[i] as TypeId, (id) => {
        if (isLeft[id] === 0) found.push(id);
        isLeft[id] = 1;
      });
    }
    return this.#sort(Uint32Array.from(found).sort());
  }

  #sort(ids: Uint32Array): TypeId[] {
    const types = this.#types;
    const sortNames = ids.map((id) => sortNameOf(types, id));
    const places = namePlaces(types.strings, sortNames);
    const keys = new Float64Array(ids.length);
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i] as number;
      keys[i] = ((this.#ranks[id] as number) * MOST_TYPES + (places[i] as number)) * MOST_TYPES + id;
    }
    keys.sort();
    const order: TypeId[] = new Array(ids.length);
    for (let i = 0; i < ids.length; i++) order[i] = (keys[i] as number) % MOST_TYPES;
    for (let start = 0; start < keys.length; ) {
      const end = runEnd(keys, start, MOST_TYPES);
      if (end - start > 1) this.#sortGroup(order, start, end);
      start = end;
    }
    return order;
  }

  /** Sorts types that have the same rank and sort name. The caller passes them in the order of their ids. */
  #sortGroup(order: TypeId[], start: number, end: number): void {
    const types = this.#types;
    // The largest group contains the types without a name. Most of these have the hash 0 and stay in the order of their
    // ids.
    const rest: TypeId[] = [];
    let at = start;
    for (let i = start; i < end; i++) {
      const id = order[i] as TypeId;
      if (types.nameOffset(id) === 0 && this.#hashes.isZero(id)) order[at++] = id;
      else rest.push(id);
    }
    rest.sort((a, b) => {
      const names = compareText(types.strings, types.nameOffset(a), types.nameOffset(b));
      return names !== 0 ? names : this.#hashes.compare(a, b) || a - b;
    });
    for (const id of rest) order[at++] = id;
  }
}

function isReference(kind: BtfKind): boolean {
  switch (kind) {
    case BtfKind.PTR:
    case BtfKind.ARRAY:
    case BtfKind.TYPEDEF:
    case BtfKind.VOLATILE:
    case BtfKind.CONST:
    case BtfKind.RESTRICT:
    case BtfKind.TYPE_TAG:
    case BtfKind.DECL_TAG:
      return true;
    default:
      return false;
  }
}

/** Finds the pointers, arrays, modifiers, structs, unions and prototypes that refer to a type. */
class AnonymousUsers {
  /** A linked list for each type: the index of its first reference. In `#next` each reference leads to the next one. */
  readonly #first: Uint32Array;
  readonly #next: number[] = [0];
  readonly #users: TypeId[] = [0];

  constructor(types: FlatTypes, isWanted: (id: TypeId) => boolean) {
    const { words } = types;
    this.#first = new Uint32Array(types.endId);
    for (let id = 1; id < types.endId; id++) {
      if (!isWanted(id) || !isAnonymousUser(types.kind(id))) continue;
      visitReferences(words, types.offsets[id] as number, (index) => {
        const target = words[index] as number;
        this.#next.push(this.#first[target] as number);
        this.#first[target] = this.#users.push(id) - 1;
      });
    }
  }

  visit(id: TypeId, visit: (user: TypeId) => void): void {
    for (let at = this.#first[id] as number; at !== 0; at = this.#next[at] as number) visit(this.#users[at] as TypeId);
  }
}

function isAnonymousUser(kind: BtfKind): boolean {
  switch (kind) {
    case BtfKind.PTR:
    case BtfKind.ARRAY:
    case BtfKind.VOLATILE:
    case BtfKind.CONST:
    case BtfKind.RESTRICT:
    case BtfKind.TYPE_TAG:
    case BtfKind.STRUCT:
    case BtfKind.UNION:
    case BtfKind.FUNC_PROTO:
      return true;
    default:
      return false;
  }
}

/**
 * Returns the rank of a type: enums come first, then integers, structs and functions. A typedef or other named
 * reference has the rank of its target.
 */
function rankOf(types: FlatTypes, id: TypeId): number {
  let hasName = false;
  let at = id;
  for (let depth = 0; depth <= LONGEST_CHAIN; depth++) {
    const kind = types.kind(at);
    if (types.nameOffset(at) !== 0) hasName = true;
    switch (kind) {
      case BtfKind.ENUM:
      case BtfKind.ENUM64:
        return hasName ? 1 : 0;
      case BtfKind.INT:
      case BtfKind.FLOAT:
        return 2;
      case BtfKind.STRUCT:
      case BtfKind.UNION:
        return hasName ? 3 : LAST_RANK;
      case BtfKind.FUNC_PROTO:
        return hasName ? 4 : LAST_RANK;
      default:
        if (!(hasName && isReference(kind))) return LAST_RANK;
        at = types.target(at);
    }
  }
  throw types.btf.error(id, `begins a chain of more than ${LONGEST_CHAIN} references, or refers to itself`);
}

/**
 * Returns the string offset of the name by which a type is sorted. An anonymous enum is sorted by its first enumerator.
 */
function sortNameOf(types: FlatTypes, id: TypeId): number {
  let at = id;
  for (let depth = 0; depth <= LONGEST_CHAIN; depth++) {
    const kind = types.kind(at);
    if (isReference(kind)) {
      at = types.target(at);
      continue;
    }
    const name = types.nameOffset(at);
    const isEnum = kind === BtfKind.ENUM || kind === BtfKind.ENUM64;
    if (isEnum && depth === 0 && name === 0 && types.vlen(at) > 0) return types.words[types.after(at)] as number;
    return name;
  }
  throw types.btf.error(id, `begins a chain of more than ${LONGEST_CHAIN} references, or refers to itself`);
}

/**
 * Returns the position of each name in the sorted order. Equal names have the same position. `names` are string
 * offsets.
 */
function namePlaces(strings: Uint8Array, names: Uint32Array): Uint32Array {
  // Sorts numbers that contain the first bytes of each name, which is fast. Names with equal first bytes are then
  // compared as a whole.
  const isMany = names.length > 1 << 21;
  const scale = isMany ? 1 << 24 : 1 << 21;
  const keys = new Float64Array(names.length);
  for (let i = 0; i < names.length; i++) {
    keys[i] = firstBytes(strings, names[i] as number, isMany ? 3 : 4) * scale + i;
  }
  keys.sort();
  const places = new Uint32Array(names.length);
  let place = 0;
  for (let start = 0; start < keys.length; ) {
    const end = runEnd(keys, start, scale);
    if (end - start === 1) {
      places[(keys[start] as number) % scale] = ++place;
      start = end;
      continue;
    }
    const run: number[] = [];
    for (let i = start; i < end; i++) run.push((keys[i] as number) % scale);
    run.sort((a, b) => compareText(strings, names[a] as number, names[b] as number));
    for (let i = 0; i < run.length; i++) {
      const index = run[i] as number;
      const isNew =
        i === 0 || compareText(strings, names[run[i - 1] as number] as number, names[index] as number) !== 0;
      if (isNew) place++;
      places[index] = place;
    }
    start = end;
  }
  return places;
}

/**
 * Returns the end of the run of equal keys that begins at `start`. The keys are sorted. Two keys count as equal if
 * floor(key / scale) is equal.
 */
function runEnd(keys: Float64Array, start: number, scale: number): number {
  const group = Math.floor((keys[start] as number) / scale);
  const next = (group + 1) * scale;
  let end = start + 1;
  while (end < keys.length && (keys[end] as number) < next) end++;
  return end;
}

/** Returns the first `count` bytes of a string as one number. A shorter string is filled up with zeros. */
function firstBytes(strings: Uint8Array, name: number, count: number): number {
  let value = 0;
  let at = name;
  for (let i = 0; i < count; i++) {
    const byte = strings[at] as number;
    value = value * 256 + byte;
    if (byte !== 0) at++;
  }
  return value;
}
