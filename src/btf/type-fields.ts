import { KNOWN_KINDS } from "./type-section.ts";
import { BtfKind } from "./types.ts";

/** The entry of {@link ELEMENTS} for a kind that this code does not know. */
export const UNKNOWN = 0x80;
/** A flag of {@link ELEMENTS}: the word after `info` is the id of a type. */
export const TARGET = 0x40;
/** A flag of {@link ELEMENTS}: each element begins with a name. If it also has a type, the type is the next word. */
export const NAMES = 0x20;
/** A flag of {@link ELEMENTS}: each element refers to a type. */
export const REFERENCES = 0x10;
/** The bits of {@link ELEMENTS} that contain the number of words of an element. */
export const WIDTH = 0x0f;

/** For each kind: which words of a type and of its elements are names, and which are ids of types. */
export const ELEMENTS: Uint8Array = /* @__PURE__ */ kindElements();

function kindElements(): Uint8Array {
  const kinds = new Uint8Array(128).fill(UNKNOWN);
  for (const kind of [BtfKind.INT, BtfKind.FWD, BtfKind.FLOAT]) kinds[kind] = 0;
  for (const kind of [
    BtfKind.PTR,
    BtfKind.TYPEDEF,
    BtfKind.VOLATILE,
    BtfKind.CONST,
    BtfKind.RESTRICT,
    BtfKind.FUNC,
    BtfKind.VAR,
    BtfKind.DECL_TAG,
    BtfKind.TYPE_TAG,
  ]) {
    kinds[kind] = TARGET;
  }
  kinds[BtfKind.ARRAY] = REFERENCES | 1;
  kinds[BtfKind.STRUCT] = NAMES | REFERENCES | 3;
  kinds[BtfKind.UNION] = NAMES | REFERENCES | 3;
  kinds[BtfKind.ENUM] = NAMES | 2;
  kinds[BtfKind.ENUM64] = NAMES | 3;
  kinds[BtfKind.FUNC_PROTO] = TARGET | NAMES | REFERENCES | 2;
  kinds[BtfKind.DATASEC] = REFERENCES | 3;
  return kinds;
}

/**
 * Calls `visit` with the index of each word of a type in which the string offset of a name is encoded. The order is
 * that of libbpf.
 */
export function visitNames(words: Uint32Array, at: number, visit: (index: number) => void): void {
  visit(at);
  const info = words[at + 1] as number;
  const elements = ELEMENTS[(info >>> 24) & 0x7f] as number;
  if ((elements & NAMES) === 0) return;
  const width = elements & WIDTH;
  for (let i = info & 0xffffff, e = at + 3; i > 0; i--, e += width) visit(e);
}

/**
 * Calls `visit` with the index of each word of a type in which the id of another type is encoded. The order is that of
 * libbpf.
 */
export function visitReferences(words: Uint32Array, at: number, visit: (index: number) => void): void {
  const info = words[at + 1] as number;
  const kind = (info >>> 24) & 0x7f;
  const elements = ELEMENTS[kind] as number;
  if ((elements & TARGET) !== 0) visit(at + 2);
  if ((elements & REFERENCES) === 0) return;
  const width = elements & WIDTH;
  // An array has no list of elements here. Its element type and its index type are encoded where other kinds have such
  // a list.
  const count = kind === BtfKind.ARRAY ? 2 : info & 0xffffff;
  for (let i = count, e = at + ((elements & NAMES) !== 0 ? 4 : 3); i > 0; i--, e += width) visit(e);
}

/** Returns how many words a type has. */
export function typeLength(words: Uint32Array, at: number): number {
  const info = words[at + 1] as number;
  const size = KNOWN_KINDS[(info >>> 24) & 0x7f] as number;
  return (size & 0xff) + (size >>> 8) * (info & 0xffffff);
}
