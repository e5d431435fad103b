import { BtfKind } from "../types.ts";

/** bpftool's name for each kind. */
export const KIND_WORDS: readonly string[] = /* @__PURE__ */ kindWords();

function kindWords(): string[] {
  const words: string[] = [];
  for (const [name, kind] of Object.entries(BtfKind)) words[kind] = kind === BtfKind.VOID ? "UNKNOWN" : name;
  return words;
}

/** Returns bpftool's name for the encoding of an INT. In `intWord`, the encoding's flags begin at bit 24. */
export function encodingWord(intWord: number): string {
  switch ((intWord >>> 24) & 0xf) {
    case 0:
      return "(none)";
    case 1:
      return "SIGNED";
    case 2:
      return "CHAR";
    case 4:
      return "BOOL";
    default:
      return "UNKN";
  }
}

const LINKAGE_WORDS = ["static", "global", "extern"] as const;

/** Returns bpftool's name for the linkage of a function or variable. */
export function linkageWord(linkage: number): string {
  return LINKAGE_WORDS[linkage] ?? "(unknown)";
}

/** Returns bpftool's name for the signedness of an enum. */
export function signWord(isSigned: boolean): string {
  return isSigned ? "SIGNED" : "UNSIGNED";
}

/** Joins the two 32-bit halves of a 64-bit enumerator's number. */
export function value64(low: number, high: number, isSigned: boolean): bigint {
  const value = (BigInt(high) << 32n) | BigInt(low);
  return isSigned ? BigInt.asIntN(64, value) : value;
}

/**
 * Splits the word with the offset of a member into the offset and the width in bits. The width is 0 if the member is
 * not a bitfield.
 */
export function memberPlace(word: number, hasBitfields: boolean): { readonly offset: number; readonly bits: number } {
  return hasBitfields ? { offset: word & 0xffffff, bits: word >>> 24 } : { offset: word, bits: 0 };
}
