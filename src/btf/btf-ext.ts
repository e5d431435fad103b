import { Bytes } from "../layout/index.ts";
import type { Btf } from "./btf.ts";
import type { CoreRelocation } from "./core-relocation.ts";
import { BTF_MAGIC, HOST_LITTLE } from "./header.ts";
import type { TypeId } from "./types.ts";

/** Size of a header that ends with `line_info_len`. Clang 10 added `core_relo_off` and `core_relo_len`. */
const HEADER_SIZE = 24;
const HEADER_SIZE_WITH_CORE = 32;

/** One function of a program section (`struct bpf_func_info`). */
export interface FuncInfo {
  /** The first instruction of the function, in 8-byte slots from the section's start. */
  readonly slot: number;
  /** The FUNC type. */
  readonly typeId: TypeId;
}

/** The source line of an instruction (`struct bpf_line_info`). */
export interface LineInfo {
  /** The position of the instruction, in 8-byte slots from the section's start. */
  readonly slot: number;
  readonly fileNameOffset: number;
  readonly lineOffset: number;
  /** The number of the line; the first line is 1. */
  readonly line: number;
  readonly column: number;
}

/** The records of one kind for one program section. They stay encoded; each method call decodes one record. */
export class BtfExtSection {
  /** The name of the ELF section that the records belong to, as a string offset in the object's BTF. */
  readonly nameOffset: number;
  readonly count: number;
  /** Bytes per record. A newer compiler may write larger records than those that this code reads. */
  readonly recordSize: number;
  /** All records as u32 in this machine's byte order, which the kernel expects. */
  readonly words: Uint32Array;
  constructor(nameOffset: number, count: number, recordSize: number, words: Uint32Array) {
    this.nameOffset = nameOffset;
    this.count = count;
    this.recordSize = recordSize;
    this.words = words;
  }

  /**
   * Returns the u32 number `field` of record number `index`; both count from 0. Throws RangeError if there is no such
   * record or field.
   */
  word(index: number, field: number): number {
    const width = this.recordSize / 4;
    const value = field < width ? this.words[index * width + field] : undefined;
    if (value === undefined) throw new RangeError(`record ${index} of ${this.count} has no field ${field}`);
    return value;
  }

  /** Decodes record `index`. Call it only for sections of {@link BtfExt.funcInfos}. */
  funcInfo(index: number): FuncInfo {
    return { slot: this.word(index, 0) / 8, typeId: this.word(index, 1) };
  }

  /** Decodes record `index`. Call it only for sections of {@link BtfExt.lineInfos}. */
  lineInfo(index: number): LineInfo {
    const place = this.word(index, 3);
    return {
      slot: this.word(index, 0) / 8,
      fileNameOffset: this.word(index, 1),
      lineOffset: this.word(index, 2),
      line: place >>> 10,
      column: place & 0x3ff,
    };
  }

  /** Decodes record `index`. Call it only for sections of {@link BtfExt.coreRelocations}. Throws FormatError. */
  coreRelocation(index: number, btf: Btf): CoreRelocation {
    const typeId = this.word(index, 1);
    btf.check(typeId);
    return {
      slot: this.word(index, 0) / 8,
      typeId,
      accessString: btf.string(this.word(index, 2)),
      kind: this.word(index, 3),
    };
  }
}

/** A parsed `.BTF.ext`. Each list has one entry for each program section that has records of this kind. */
export interface BtfExt {
  readonly little: boolean;
  readonly funcInfos: readonly BtfExtSection[];
  readonly lineInfos: readonly BtfExtSection[];
  readonly coreRelocations: readonly BtfExtSection[];
}

/**
 * Parses a `.BTF.ext` section in either byte order. This function makes the same checks as libbpf. It also checks that
 * each record refers to the start of an instruction slot. Throws FormatError.
 */
export function parseBtfExt(data: Uint8Array, options: { source?: string | undefined } = {}): BtfExt {
  const source = options.source ?? ".BTF.ext";
  const little = data.length >= 2 && (data[0] as number) + 256 * (data[1] as number) === BTF_MAGIC;
  const bytes = new Bytes(data, source, little);
  bytes.check(0, 8, "the .BTF.ext header");
  if (bytes.u16(0) !== BTF_MAGIC)
    throw bytes.error(0, "this is not a .BTF.ext section: it does not begin with the magic number 0xeb9f");
  if (bytes.u8(2) !== 1)
    throw bytes.error(2, `version ${bytes.u8(2)} of .BTF.ext is not supported; bpfts reads version 1`);
  if (bytes.u8(3) !== 0) throw bytes.error(3, `the flags 0x${bytes.u8(3).toString(16)} are not supported`);
  const headerLength = bytes.u32(4);
  if (headerLength < HEADER_SIZE || headerLength >= data.length) {
    throw bytes.error(
      4,
      `the header length ${headerLength} is not in the range from ${HEADER_SIZE} to the section's length`,
    );
  }
  const list = (at: number, what: string, leastSize: number): BtfExtSection[] =>
    readSections(bytes, headerLength + bytes.u32(at), bytes.u32(at + 4), what, leastSize);
  return {
    little,
    funcInfos: list(8, "function", 8),
    lineInfos: list(16, "line", 16),
    coreRelocations: headerLength >= HEADER_SIZE_WITH_CORE ? list(24, "CO-RE", 16) : [],
  };
}

function readSections(bytes: Bytes, start: number, length: number, what: string, leastSize: number): BtfExtSection[] {
  const sections: BtfExtSection[] = [];
  if (length === 0) return sections;
  if (start % 4 !== 0) throw bytes.error(start, `the ${what} records do not begin at a multiple of 4`);
  bytes.check(start, length, `the list of ${what} records`);
  const end = start + length;
  if (length < 4) throw bytes.error(start, `the size of a ${what} record is missing`);
  const recordSize = bytes.u32(start);
  if (recordSize < leastSize || recordSize % 4 !== 0) {
    throw bytes.error(
      start,
      `a ${what} record of ${recordSize} bytes is not supported; it needs at least ${leastSize} bytes`,
    );
  }
  let at = start + 4;
  if (at === end) throw bytes.error(at, `there are no ${what} records`);
  while (at < end) {
    if (end - at < 8) throw bytes.error(at, `the ${what} records end in the middle of a section's header`);
    const nameOffset = bytes.u32(at);
    const count = bytes.u32(at + 4);
    const size = count * recordSize;
    if (count === 0 || size > end - at - 8) {
      throw bytes.error(
        at,
        `${count} ${what} records of ${recordSize} bytes do not fit into the remaining ${end - at - 8} bytes`,
      );
    }
    const words = readWords(bytes, at + 8, size / 4);
    const width = recordSize / 4;
    for (let i = 0; i < words.length; i += width) {
      if ((words[i] as number) % 8 !== 0) {
        throw bytes.error(at + 8 + 4 * i, `a ${what} record refers to byte ${words[i]}, where no instruction begins`);
      }
    }
    sections.push(new BtfExtSection(nameOffset, count, recordSize, words));
    at += 8 + size;
  }
  return sections;
}

function readWords(bytes: Bytes, at: number, count: number): Uint32Array {
  const start = bytes.data.byteOffset + at;
  if (bytes.little === HOST_LITTLE && start % 4 === 0) return new Uint32Array(bytes.data.buffer, start, count);
  const words = new Uint32Array(count);
  for (let i = 0; i < count; i++) words[i] = bytes.view.getUint32(at + 4 * i, bytes.little);
  return words;
}
