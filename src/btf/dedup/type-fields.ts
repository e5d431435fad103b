import { BtfKind } from "../types.ts";

/**
 * Calls `visit` for each word of a type that is the string offset of a name, with the word's index, in libbpf's order.
 */
export function visitNames(words: Uint32Array, at: number, visit: (index: number) => void): void {
  visit(at);
  const info = words[at + 1] as number;
  const vlen = info & 0xffffff;
  const width = NAMED_ELEMENTS[(info >>> 24) & 0x7f] as number;
  if (width > 0) for (let i = 0, e = at + 3; i < vlen; i++, e += width) visit(e);
}

/** Calls `visit` for each word of a type that is the id of another type, with the word's index. */
export function visitReferences(words: Uint32Array, at: number, visit: (index: number) => void): void {
  const info = words[at + 1] as number;
  const vlen = info & 0xffffff;
  switch (((info >>> 24) & 0x7f) as BtfKind) {
    case BtfKind.PTR:
    case BtfKind.TYPEDEF:
    case BtfKind.VOLATILE:
    case BtfKind.CONST:
    case BtfKind.RESTRICT:
    case BtfKind.FUNC:
    case BtfKind.VAR:
    case BtfKind.DECL_TAG:
    case BtfKind.TYPE_TAG:
      visit(at + 2);
      break;
    case BtfKind.ARRAY:
      visit(at + 3);
      visit(at + 4);
      break;
    case BtfKind.STRUCT:
    case BtfKind.UNION:
      for (let i = 0; i < vlen; i++) visit(at + 4 + 3 * i);
      break;
    case BtfKind.FUNC_PROTO:
      visit(at + 2);
      for (let i = 0; i < vlen; i++) visit(at + 4 + 2 * i);
      break;
    case BtfKind.DATASEC:
      for (let i = 0; i < vlen; i++) visit(at + 3 + 3 * i);
      break;
    default:
      break;
  }
}

/** For each kind whose elements begin with a name: how many words an element has. 0 for all other kinds. */
const NAMED_ELEMENTS: Uint8Array = /* @__PURE__ */ namedElements();

function namedElements(): Uint8Array {
  const widths = new Uint8Array(128);
  widths[BtfKind.STRUCT] = 3;
  widths[BtfKind.UNION] = 3;
  widths[BtfKind.ENUM] = 2;
  widths[BtfKind.ENUM64] = 3;
  widths[BtfKind.FUNC_PROTO] = 2;
  return widths;
}

/** Returns how many words a type has. */
export function typeLength(words: Uint32Array, at: number): number {
  const info = words[at + 1] as number;
  const vlen = info & 0xffffff;
  switch (((info >>> 24) & 0x7f) as BtfKind) {
    case BtfKind.INT:
    case BtfKind.VAR:
    case BtfKind.DECL_TAG:
      return 4;
    case BtfKind.ARRAY:
      return 6;
    case BtfKind.STRUCT:
    case BtfKind.UNION:
    case BtfKind.ENUM64:
    case BtfKind.DATASEC:
      return 3 + 3 * vlen;
    case BtfKind.ENUM:
    case BtfKind.FUNC_PROTO:
      return 3 + 2 * vlen;
    default:
      return 3;
  }
}
