import { Bytes, decodeText } from "../layout/index.ts";
import { SectionType } from "./constants.ts";
import type { ElfFile, ElfSection } from "./elf-file.ts";
import { readWide } from "./wide.ts";

/** One ELF note: data that one tool leaves for another. */
export interface ElfNote {
  /** The name of the owner, such as `GNU` or `stapsdt`, who defines the meaning of `type`. */
  readonly owner: string;
  readonly type: number;
  /** Offset of the note in the section, for errors. */
  readonly at: number;
  readonly description: Uint8Array;
}

/** Yields the notes of an SHT_NOTE section. Throws FormatError for a note that runs past the section's end. */
export function* readNotes(elf: ElfFile, section: ElfSection): Generator<ElfNote, void, undefined> {
  const bytes: Bytes = elf.bytes(section);
  for (let at = 0; at + 12 <= bytes.length; ) {
    const nameSize = bytes.u32(at);
    const size = bytes.u32(at + 4);
    const nameAt = at + 12;
    const descriptionAt = nameAt + aligned(nameSize);
    bytes.check(nameAt, nameSize, "a note's owner");
    const description = bytes.slice(descriptionAt, size, "a note");
    // The size includes the name's NUL.
    const owner = decodeText(bytes.data, nameAt, nameAt + Math.max(0, nameSize - 1));
    yield { owner, type: bytes.u32(at + 8), at, description };
    at = descriptionAt + aligned(size);
  }
}

function aligned(size: number): number {
  return Math.ceil(size / 4) * 4;
}

/** A statically defined tracepoint (USDT) in the code of a program or library. */
export interface UsdtNote {
  readonly provider: string;
  readonly name: string;
  /** Address of the probed instruction, corrected for prelinking. */
  readonly address: number;
  /** Address of the 16-bit counter that enables the tracepoint; 0 if the tracepoint has no counter. */
  readonly semaphore: number;
  /**
   * The locations of the tracepoint's arguments in assembler syntax: `-4@%eax 8@-16(%rbp)`; empty without arguments.
   */
  readonly arguments: string;
}

const OWNER = "stapsdt";
/** SystemTap's SDT, version 3 (sys/sdt.h). */
const NT_STAPSDT = 3;

/** Reads all USDTs from the `.note.stapsdt` section, which a file may lack. Throws FormatError if it is damaged. */
export function readUsdtNotes(elf: ElfFile): UsdtNote[] {
  const section = elf.sections.find(({ name, type }) => name === ".note.stapsdt" && type === SectionType.SHT_NOTE);
  if (section === undefined) return [];
  // Prelinking moves this section, but leaves the addresses in the notes as they were. Each note has the section's old
  // address, so the difference between the new and the old address is the distance by which the code moved.
  const base = elf.sections.find(({ name }) => name === ".stapsdt.base")?.address ?? 0;
  const out: UsdtNote[] = [];
  for (const { owner, type, at, description } of readNotes(elf, section)) {
    if (owner !== OWNER || type !== NT_STAPSDT) continue;
    const bytes = new Bytes(description, `${elf.sourceOf(section)}: note at 0x${at.toString(16)}`, elf.little);
    const word = elf.bits / 8;
    bytes.check(0, 3 * word, "the addresses of a USDT");
    const number = (i: number): number =>
      word === 8 ? readWide(bytes.view, i * 8, elf.little) : bytes.view.getUint32(i * 4, elf.little);
    const provider = bytes.cstring(3 * word, "a USDT's provider");
    const nameAt = 3 * word + sizeWithNul(bytes, 3 * word);
    const name = bytes.cstring(nameAt, "a USDT's name");
    const args = bytes.cstring(nameAt + sizeWithNul(bytes, nameAt), "a USDT's arguments");
    const moved = base !== 0 && number(1) !== 0 ? base - number(1) : 0;
    out.push({
      provider,
      name,
      address: number(0) + moved,
      semaphore: number(2) === 0 ? 0 : number(2) + moved,
      arguments: args.startsWith(":") ? "" : args,
    });
  }
  return out;
}

/** Returns the length of the text at an offset, including its NUL. */
function sizeWithNul(bytes: Bytes, at: number): number {
  return bytes.data.indexOf(0, at) + 1 - at;
}
