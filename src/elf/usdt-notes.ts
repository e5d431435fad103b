import { Bytes } from "../layout/index.ts";
import { SectionType } from "./constants.ts";
import type { ElfFile } from "./elf-file.ts";
import { readNotes } from "./notes.ts";
import { readWide } from "./wide.ts";

/** A place in the code of a program or library that is a statically defined tracepoint (USDT). */
export interface UsdtNote {
  readonly provider: string;
  readonly name: string;
  /** Address of the probed instruction, corrected for prelinking. */
  readonly address: number;
  /** Address of the 16-bit counter that enables the tracepoint; 0 if it has none. */
  readonly semaphore: number;
  /** The locations of its arguments in assembler syntax: `-4@%eax 8@-16(%rbp)`; empty if it has none. */
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
  // address, so the difference to the new one tells how far the code moved.
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
