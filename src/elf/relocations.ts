import type { Bytes } from "../layout/index.ts";
import { readWide, readWideSigned } from "./wide.ts";

/** One entry of a relocation section. */
export interface ElfRelocation {
  /** The position of the relocated bytes: an offset in their section; in a linked file an address. */
  readonly offset: number;
  /** Number of the symbol; 0 if there is none. */
  readonly symbol: number;
  /** The type of the relocation: R_* of the file's machine. */
  readonly type: number;
  /** The addend. Always 0 for SHT_REL, where the bytes at `offset` hold the addend. */
  readonly addend: number;
}

/** Reads an SHT_REL or SHT_RELA section. Throws FormatError if the last entry is incomplete. */
export function readRelocations(bytes: Bytes, bits: 32 | 64, withAddend: boolean): ElfRelocation[] {
  const { view, little } = bytes;
  const wide = bits === 64;
  const word = wide ? 8 : 4;
  const size = word * (withAddend ? 3 : 2);
  if (bytes.length % size !== 0) {
    throw bytes.error(
      bytes.length - (bytes.length % size),
      `the last relocation is incomplete: the section's ${bytes.length} bytes are not a multiple of ${size}`,
    );
  }
  const out: ElfRelocation[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const low = view.getUint32(wide && !little ? at + 12 : at + word, little);
    out.push({
      offset: wide ? readWide(view, at, little) : view.getUint32(at, little),
      symbol: wide ? view.getUint32(little ? at + 12 : at + 8, little) : low >>> 8,
      type: wide ? low : low & 0xff,
      addend: !withAddend ? 0 : wide ? readWideSigned(view, at + 16, little) : view.getInt32(at + 8, little),
    });
  }
  return out;
}
