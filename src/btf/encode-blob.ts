import { BTF_MAGIC, HEADER_SIZE, HEADER_SIZE_WITH_LAYOUT, HOST_LITTLE } from "./header.ts";

/** The sections of a blob. `little` is the byte order of the blob. `words` are the types as u32 numbers. */
export interface BtfParts {
  readonly little: boolean;
  readonly words: Iterable<ArrayLike<number>>;
  readonly strings: Iterable<Uint8Array>;
  /** The layout section. It describes the kinds for readers that do not know them (Linux 7.1). */
  readonly layout?: Uint8Array | undefined;
  /** If true, the header has the fields for a layout section even if there is no such section, as in libbpf 1.8. */
  readonly hasLongHeader?: boolean | undefined;
}

/** Encodes a BTF blob: the header, types, the layout section if there is one, and strings. */
export function encodeBlob(parts: BtfParts): Uint8Array {
  const layout = parts.layout ?? new Uint8Array(0);
  const isLong = layout.length > 0 || parts.hasLongHeader === true;
  const header = isLong ? HEADER_SIZE_WITH_LAYOUT : HEADER_SIZE;
  const words = [...parts.words];
  const strings = [...parts.strings];
  const typeLength = words.reduce((sum, piece) => sum + 4 * piece.length, 0);
  const stringLength = strings.reduce((sum, piece) => sum + piece.length, 0);
  const stringOffset = typeLength + layout.length;
  const data = new Uint8Array(header + stringOffset + stringLength);
  const view = new DataView(data.buffer);
  const { little } = parts;
  view.setUint16(0, BTF_MAGIC, little);
  view.setUint8(2, 1);
  view.setUint32(4, header, little);
  view.setUint32(12, typeLength, little);
  view.setUint32(16, stringOffset, little);
  view.setUint32(20, stringLength, little);
  if (layout.length > 0) {
    view.setUint32(24, typeLength, little);
    view.setUint32(28, layout.length, little);
  }
  let at = header;
  for (const piece of words) {
    if (piece instanceof Uint32Array && little === HOST_LITTLE) {
      data.set(new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength), at);
      at += piece.byteLength;
      continue;
    }
    for (let i = 0; i < piece.length; i++, at += 4) view.setUint32(at, piece[i] as number, little);
  }
  data.set(layout, at);
  at += layout.length;
  for (const piece of strings) {
    data.set(piece, at);
    at += piece.length;
  }
  return data;
}
