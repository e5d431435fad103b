import { FormatError } from "../errors/index.ts";

/** `BTF_MAGIC` of include/uapi/linux/btf.h. */
export const BTF_MAGIC = 0xeb9f;
/** The size of `struct btf_header` before Linux 7.1. */
export const HEADER_SIZE = 24;
/** The size of a header that also has `layout_off` and `layout_len`. Newer encoders add them. */
export const HEADER_SIZE_WITH_LAYOUT = 32;

/** The positions of the sections of a BTF blob, in bytes from the blob's start. All sections are inside the blob. */
export interface BtfHeader {
  readonly little: boolean;
  readonly headerLength: number;
  readonly typeStart: number;
  readonly typeLength: number;
  readonly stringStart: number;
  readonly stringLength: number;
  readonly layoutStart: number;
  /** The length of the layout section, which describes the kinds; 0 if the blob has none. */
  readonly layoutLength: number;
}

/** True on a little-endian machine. */
export const HOST_LITTLE: boolean = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** Reads a header and checks it like libbpf's `btf_parse_hdr`. A split BTF may have no strings of its own. */
export function readBtfHeader(data: Uint8Array, source: string, split: boolean): BtfHeader {
  const fail = (offset: number, problem: string) => new FormatError({ source, offset }, problem);
  if (data.length < HEADER_SIZE) {
    throw fail(0, `the BTF header needs ${HEADER_SIZE} bytes, but the blob has only ${data.length}`);
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const little = view.getUint16(0, true) === BTF_MAGIC;
  if (!little && view.getUint16(0, false) !== BTF_MAGIC) {
    throw fail(
      0,
      `this is not BTF: it begins with 0x${view.getUint16(0, true).toString(16)}, not with the magic number 0xeb9f`,
    );
  }
  const version = view.getUint8(2);
  if (version !== 1) throw fail(2, `BTF version ${version} is not supported; bpfts reads version 1`);
  const u32 = (at: number) => view.getUint32(at, little);
  const headerLength = u32(4);
  if (headerLength < HEADER_SIZE || headerLength > data.length) {
    throw fail(
      4,
      `the header length ${headerLength} is not between ${HEADER_SIZE} and the blob's ${data.length} bytes`,
    );
  }
  const left = data.length - headerLength;
  const typeOffset = u32(8);
  const typeLength = u32(12);
  const stringOffset = u32(16);
  const stringLength = u32(20);
  if (stringOffset + stringLength > left) {
    throw fail(16, `the string section (${stringLength} bytes at ${stringOffset}) ends past the blob's end`);
  }
  if (typeOffset + typeLength > stringOffset) {
    throw fail(8, `the type section (${typeLength} bytes at ${typeOffset}) runs into the strings at ${stringOffset}`);
  }
  if (typeOffset % 4 !== 0) throw fail(8, `the type section's offset ${typeOffset} is not a multiple of 4`);
  const hasLayout = headerLength >= HEADER_SIZE_WITH_LAYOUT;
  const layoutOffset = hasLayout ? u32(24) : 0;
  const layoutLength = hasLayout ? u32(28) : 0;
  if (layoutLength > 0) {
    if (layoutOffset % 4 !== 0 || layoutLength % 4 !== 0) {
      throw fail(
        24,
        `the offset or the length of the layout section (${layoutLength} bytes at ${layoutOffset}) is not a multiple of 4`,
      );
    }
    if (layoutOffset < typeOffset + typeLength || layoutOffset + layoutLength > stringOffset) {
      throw fail(24, `the layout section (${layoutLength} bytes at ${layoutOffset}) is not between types and strings`);
    }
  }
  const stringStart = headerLength + stringOffset;
  if (stringLength === 0 ? !split : data[stringStart + stringLength - 1] !== 0) {
    throw fail(stringStart, "the string section is empty or does not end with a NUL");
  }
  if (!split && data[stringStart] !== 0) {
    throw fail(stringStart, "the first string is not empty: this is a split BTF, and its base BTF is missing");
  }
  return {
    little,
    headerLength,
    typeStart: headerLength + typeOffset,
    typeLength,
    stringStart,
    stringLength,
    layoutStart: headerLength + layoutOffset,
    layoutLength,
  };
}
