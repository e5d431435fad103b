import { ElfMachine, SectionType } from "./constants.ts";
import type { ElfFile, ElfSection } from "./elf-file.ts";

/** The section with one relocation for each PLT stub. The relocation fills in the address to which the stub jumps. */
const RELOCATIONS = ".rela.plt";
/** The sections with the PLT stubs. */
const STUBS: readonly string[] = [".plt.sec", ".plt"];

/** Returns true for the sections that {@link findStub} reads. */
export function isOfLinkageTable({ name }: ElfSection): boolean {
  return name === RELOCATIONS || STUBS.includes(name);
}

/**
 * Returns the file offset of the stub through which a program or library calls an imported function (`name@plt` in
 * objdump). Returns undefined if there is no stub: the file does not import the function, calls it only by its address,
 * or is for a processor other than x86-64 and arm64.
 */
export function findStub(elf: ElfFile, name: string): number | undefined {
  const slot = slotOf(elf, name);
  if (slot === undefined) return undefined;
  const targetOf = TARGETS.get(elf.machine);
  if (targetOf === undefined) return undefined;
  for (const wanted of STUBS) {
    const section = elf.sections.find((one) => one.name === wanted && one.type === SectionType.SHT_PROGBITS);
    if (section === undefined) continue;
    const bytes = elf.contents(section);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + STUB_SIZE <= bytes.length; at += STUB_SIZE) {
      if (targetOf(view, at, section.address) === slot) return section.offset + at;
    }
  }
  return undefined;
}

/** Returns the memory address at which the dynamic linker stores the function's address: its slot in the GOT. */
function slotOf(elf: ElfFile, name: string): number | undefined {
  const section = elf.sections.find((one) => one.name === RELOCATIONS && one.type === SectionType.SHT_RELA);
  const symbols = elf.dynamicSymbols;
  if (section === undefined || symbols === undefined) return undefined;
  return elf.relocations(section).find(({ symbol }) => symbol !== 0 && symbols.at(symbol).name === name)?.offset;
}

const STUB_SIZE = 16;

/** Decodes a stub: returns the memory address from which the stub loads its jump target; undefined for other code. */
type TargetOf = (view: DataView, at: number, address: number) => number | undefined;

const TARGETS: ReadonlyMap<number, TargetOf> = new Map<number, TargetOf>([
  [ElfMachine.EM_X86_64, targetOnX86],
  [ElfMachine.EM_AARCH64, targetOnArm],
]);

const ENDBR64 = 0xf30f1efa;
const BND = 0xf2;
/** `jmp *displacement(%rip)` */
const JUMP = 0xff25;
const JUMP_SIZE = 6;

function targetOnX86(view: DataView, at: number, address: number): number | undefined {
  let place = at;
  if (view.getUint32(place) === ENDBR64) place += 4;
  if (view.getUint8(place) === BND) place += 1;
  if (view.getUint16(place) !== JUMP) return undefined;
  return address + place + JUMP_SIZE + view.getInt32(place + 2, true);
}

const BTI_C = 0xd503245f;

/** `adrp x16, page; ldr x17, [x16, #offset]` */
function targetOnArm(view: DataView, at: number, address: number): number | undefined {
  const place = view.getUint32(at, true) === BTI_C ? at + 4 : at;
  const [adrp, ldr] = [view.getUint32(place, true), view.getUint32(place + 4, true)];
  if ((adrp & 0x9f00001f) >>> 0 !== 0x90000010 || (ldr & 0xffc003ff) >>> 0 !== 0xf9400211) return undefined;
  // A signed 21-bit number: bits 5 to 23 are its upper 19 bits, bits 29 and 30 its lower 2 bits.
  const pages = (((((adrp >>> 5) & 0x7ffff) << 2) | ((adrp >>> 29) & 3)) << 11) >> 11;
  const page = Math.floor((address + place) / 4096) + pages;
  return page * 4096 + ((ldr >>> 10) & 0xfff) * 8;
}
