import { Btf, type BtfExt, BtfKind, type BtfSecInfo, parseBtfExt, type TypeId } from "../../btf/index.ts";
import {
  type ElfFile,
  ElfMachine,
  type ElfSection,
  type ElfSymbol,
  parseElf,
  RELOCATION_SIZE,
  SectionFlag,
  SectionIndex,
  SectionType,
  SymbolBinding,
  SymbolType,
  SymbolVisibility,
} from "../../elf/index.ts";
import { Errno, FormatError } from "../../errors/index.ts";
import { isExtern } from "../externs.ts";
import { SLOT } from "../functions.ts";
import { checkObject, isIgnored } from "../sections.ts";
import { LinkError } from "./link-error.ts";
import type { OutputSection } from "./output-section.ts";

/** The DATASEC of externs that the linker resolves. The file has no section of this name. */
const EXTERN_DATASEC = ".extern";
/** R_BPF_64_64, R_BPF_64_ABS64, R_BPF_64_ABS32 and R_BPF_64_32. */
const RELOCATION_TYPES: ReadonlySet<number> = new Set([1, 2, 3, 10]);
/** No BPF program needs a larger alignment, and padding must not make a small input large. */
const MOST_ALIGNMENT = 1 << 20;

/** A section of an input file, or a DATASEC such as `.ksyms` for which the file has no section. */
export interface InputSection {
  readonly name: string;
  /** The section's header; undefined for a DATASEC without a section. */
  readonly header: ElfSection | undefined;
  /** True if the section does not go into the output. */
  isSkipped: boolean;
  /** The DATASEC that describes the section; 0 if there is none. */
  datasec: TypeId;
  /** The section of the output that holds the contents. */
  output: OutputSection | undefined;
  /** The offset in {@link output} at which the contents begin. */
  offset: number;
}

/** The BTF type of a global or extern symbol, and the DATASEC that lists the symbol; 0 if no DATASEC lists it. */
export interface SymbolTypes {
  readonly type: TypeId;
  readonly datasec: TypeId;
}

/** One of the files to link. The constructor makes the same checks as libbpf. */
export class InputObject {
  readonly source: string;
  readonly elf: ElfFile;
  /** The sections by their number in the file, then the DATASECs without a section. */
  readonly sections: InputSection[];
  readonly symbols: readonly ElfSymbol[];
  readonly btf: Btf | undefined;
  readonly btfExt: BtfExt | undefined;
  readonly #byName = new Map<string, InputSection>();
  #symbolTypes: ReadonlyMap<string, SymbolTypes | [TypeId, TypeId]> | undefined;

  constructor(data: Uint8Array, source: string) {
    const elf = parseElf(data, source);
    try {
      checkObject(elf);
      if (elf.machine !== ElfMachine.EM_BPF) throw new FormatError({ source }, "its machine is 0, not BPF (247)");
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause;
      throw new LinkError(source, cause.problem, { errno: Errno.EOPNOTSUPP, cause });
    }
    this.source = source;
    this.elf = elf;
    this.sections = elf.sections.map((header) => ({
      name: header.name,
      header,
      isSkipped: isIgnored(header) || header.name === ".BTF" || header.name === ".BTF.ext",
      datasec: 0,
      output: undefined,
      offset: 0,
    }));
    for (const section of elf.sections) this.#checkSection(section);
    this.symbols = [...(elf.symbols ?? [])];
    for (const symbol of this.symbols) this.#checkSymbol(symbol);
    for (const section of elf.sections) {
      if (section.type === SectionType.SHT_REL && !isIgnored(section)) this.#checkRelocations(section);
    }
    for (const section of this.sections.slice(1)) {
      if (!this.#byName.has(section.name)) this.#byName.set(section.name, section);
    }
    this.btf = this.#parse(".BTF", (bytes, source) => Btf.parse(bytes, { source }));
    this.btfExt = this.#parse(".BTF.ext", (bytes, source) => parseBtfExt(bytes, { source }));
    if (this.btf === undefined && this.btfExt !== undefined) throw this.error("it has .BTF.ext, but no .BTF");
    for (const id of this.btf?.idsOf(BtfKind.DATASEC) ?? []) this.#matchDatasec(this.btf as Btf, id);
  }

  /** Makes the error about this file. */
  error(problem: string, errno?: Errno): LinkError {
    return new LinkError(this.source, problem, errno === undefined ? {} : { errno });
  }

  /** Returns the first section of this name. */
  section(name: string): InputSection | undefined {
    return this.#byName.get(name);
  }

  /** Returns the section of a symbol; undefined for an extern or an absolute symbol. */
  sectionOf({ section }: ElfSymbol): InputSection | undefined {
    return section === SectionIndex.SHN_UNDEF || section >= SectionIndex.SHN_LORESERVE
      ? undefined
      : this.sections[section];
  }

  /** Returns type and DATASEC of a global or extern symbol. Throws LinkError if the symbol has no type or two types. */
  typesOf(name: string): SymbolTypes {
    const { btf } = this;
    if (btf === undefined) {
      throw this.error(`it has no BTF, which the global symbol ${name} needs: compile with -g`);
    }
    this.#symbolTypes ??= findSymbolTypes(btf);
    const found = this.#symbolTypes.get(name);
    if (found === undefined) {
      throw this.error(`its BTF does not describe the global or extern symbol ${name}`, Errno.ENOENT);
    }
    if (Array.isArray(found)) {
      throw this.error(`its BTF describes the symbol ${name} twice, by the types ${found[0]} and ${found[1]}`);
    }
    return found;
  }

  /**
   * Returns the variables of a section's DATASEC. The offsets of global variables come from their ELF symbols: in the
   * compiler's BTF they are 0.
   */
  variablesOf({ datasec, header }: InputSection): BtfSecInfo[] {
    const type = this.btf?.type(datasec);
    if (type?.kind !== "datasec") return [];
    return type.variables.map((info) => {
      const variable = this.btf?.type(info.type);
      if (variable?.kind !== "var" || variable.linkage !== "global") return info;
      const offset = this.#objectOffsets.get(`${header?.index ?? 0} ${variable.name}`);
      if (offset === undefined) {
        throw this.error(`the variable ${variable.name} of section ${type.name} has no ELF symbol`, Errno.ENOENT);
      }
      return { ...info, offset };
    });
  }

  #offsets: Map<string, number> | undefined;

  /** The offsets of the variables, by section number and name. */
  get #objectOffsets(): ReadonlyMap<string, number> {
    if (this.#offsets !== undefined) return this.#offsets;
    const offsets = new Map<string, number>();
    for (const { section, type, name, value } of this.symbols) {
      const key = `${section} ${name}`;
      if (type === SymbolType.STT_OBJECT && !offsets.has(key)) offsets.set(key, value);
    }
    this.#offsets = offsets;
    return offsets;
  }

  #checkSection(section: ElfSection): void {
    const { index, name, type, alignment, size, entrySize } = section;
    if (index === 0) return;
    const fail = (problem: string) => this.error(`section ${index} ${name}: ${problem}`);
    checkName(name, fail);
    if (name === "") throw fail("it has no name");
    if (/^\.debug_/.test(name)) return;
    if (alignment > MOST_ALIGNMENT || !isPowerOfTwo(alignment)) {
      throw fail(`its alignment ${alignment} is not a power of two up to ${MOST_ALIGNMENT}`);
    }
    if (!Number.isSafeInteger(size)) throw fail(`its size ${size} is above 2^53`);
    // Throws if the contents end past the file's end.
    this.elf.contents(section);
    switch (type) {
      case SectionType.SHT_PROGBITS:
        if ((section.flags & SectionFlag.SHF_EXECINSTR) !== 0 && size % SLOT !== 0) {
          throw fail(`its ${size} bytes of code are not a multiple of ${SLOT}`);
        }
        break;
      case SectionType.SHT_SYMTAB: {
        if (size % entrySize !== 0)
          throw fail(`its size ${size} is not a multiple of the size of a symbol, ${entrySize} bytes`);
        break;
      }
      case SectionType.SHT_REL:
      case SectionType.SHT_STRTAB:
      case SectionType.SHT_NOBITS:
      case SectionType.SHT_LLVM_ADDRSIG:
        break;
      default:
        throw fail(`sections of type ${type} cannot be linked`);
    }
  }

  #checkSymbol(symbol: ElfSymbol): void {
    const { index, name, type, binding, visibility, section, value, size } = symbol;
    const fail = (problem: string) => this.error(`symbol ${index}${name === "" ? "" : ` ${name}`}: ${problem}`);
    checkName(name, fail);
    if (!Number.isSafeInteger(value) || !Number.isSafeInteger(size)) throw fail("its value or size is above 2^53");
    if (index === 0) {
      if (name !== "" || type + binding + visibility + section + value + size !== 0) {
        throw fail("the first symbol must be all zeros");
      }
      return;
    }
    if (binding > SymbolBinding.STB_WEAK) throw fail(`its binding ${binding} is neither local, global nor weak`);
    if (visibility !== SymbolVisibility.STV_DEFAULT && visibility !== SymbolVisibility.STV_HIDDEN) {
      throw fail(`its visibility ${visibility} is neither default (0) nor hidden (2)`);
    }
    if (section === SectionIndex.SHN_UNDEF) {
      if (!isExtern(symbol) || value !== 0 || size !== 0)
        throw fail("it is in no section, but it is not an extern symbol");
      return;
    }
    if (section < SectionIndex.SHN_LORESERVE && section >= this.elf.sections.length) {
      throw fail(`it is in section ${section}, but the file has only ${this.elf.sections.length}`);
    }
    if (type === SymbolType.STT_SECTION && value !== 0)
      throw fail(`the value of a section's symbol is ${value}, not 0`);
  }

  #checkRelocations(section: ElfSection): void {
    const { index, name, entrySize, size } = section;
    const fail = (problem: string) => this.error(`section ${index} ${name}: ${problem}`);
    if (entrySize !== RELOCATION_SIZE || size % RELOCATION_SIZE !== 0) {
      throw fail(
        `it has ${size} bytes and entries of ${entrySize} bytes, but it must consist of entries of ${RELOCATION_SIZE} bytes`,
      );
    }
    if (this.elf.sections[section.link]?.type !== SectionType.SHT_SYMTAB) {
      throw fail(`its symbols are in section ${section.link}, which is not the symbol table`);
    }
    const target = this.elf.section(section.info, `section ${name}`);
    if (name !== `.rel${target.name}`)
      throw fail(`it relocates section ${target.name}, so its name must be .rel${target.name}`);
    if (this.sections[target.index]?.isSkipped) return;
    if (target.type !== SectionType.SHT_PROGBITS && target.type !== SectionType.SHT_NOBITS) {
      throw fail(`it relocates section ${target.name}, which contains neither code nor data`);
    }
    const isCode = (target.flags & SectionFlag.SHF_EXECINSTR) !== 0;
    this.elf.relocations(section).forEach(({ offset, symbol, type }, i) => {
      const failAt = (problem: string) => fail(`relocation ${i}: ${problem}`);
      if (!RELOCATION_TYPES.has(type)) throw failAt(`its type ${type} is not a relocation type of BPF`);
      if (symbol === 0 || symbol >= this.symbols.length) {
        throw failAt(`it refers to symbol ${symbol}, but the file has only ${this.symbols.length}`);
      }
      if (offset >= target.size)
        throw failAt(`its offset ${offset} is past the end of ${target.name}, which has ${target.size} bytes`);
      if (isCode && offset % SLOT !== 0) throw failAt(`no instruction begins at its offset ${offset}`);
    });
  }

  #parse<T>(name: string, parse: (bytes: Uint8Array, source: string) => T): T | undefined {
    const section = this.elf.sections.find((each) => each.name === name && each.type === SectionType.SHT_PROGBITS);
    return section && parse(this.elf.contents(section), this.elf.sourceOf(section));
  }

  /** Finds the section that a DATASEC describes. If the file has none, as for `.ksyms`, adds one without a header. */
  #matchDatasec(btf: Btf, id: TypeId): void {
    const name = btf.name(id);
    checkName(name, (problem) => btf.error(id, problem));
    let section = this.#byName.get(name);
    if (section === undefined) {
      if (name === EXTERN_DATASEC) return;
      section = { name, header: undefined, isSkipped: false, datasec: 0, output: undefined, offset: 0 };
      this.sections.push(section);
      this.#byName.set(name, section);
    }
    section.datasec = id;
  }
}

/** Returns true for the DATASEC of externs that the linker resolves. */
export function isLinkerExtern(btf: Btf, datasec: TypeId): boolean {
  return btf.name(datasec) === EXTERN_DATASEC;
}

/** Returns true for an extern, and for a VAR or FUNC to which other files can refer. */
export function isNonStatic(btf: Btf, id: TypeId): boolean {
  const kind = btf.kind(id);
  if (kind !== BtfKind.VAR && kind !== BtfKind.FUNC) return false;
  const type = btf.type(id);
  return (type.kind === "var" || type.kind === "func") && type.linkage !== "static";
}

/**
 * Finds the type of each global and extern symbol, as libbpf does: the type comes from the first DATASEC that lists the
 * name. If the BTF has another VAR or FUNC of this name before that DATASEC, the result has both ids.
 */
function findSymbolTypes(btf: Btf): ReadonlyMap<string, SymbolTypes | [TypeId, TypeId]> {
  const found = new Map<string, SymbolTypes | [TypeId, TypeId]>();
  const isDone = (known: SymbolTypes | [TypeId, TypeId] | undefined): boolean =>
    known !== undefined && (Array.isArray(known) || known.datasec !== 0);
  for (const id of btf.ids()) {
    if (isNonStatic(btf, id)) {
      const name = btf.name(id);
      if (!isDone(found.get(name))) found.set(name, { type: id, datasec: 0 });
      continue;
    }
    const type = btf.kind(id) === BtfKind.DATASEC ? btf.type(id) : undefined;
    if (type?.kind !== "datasec") continue;
    for (const info of type.variables) {
      if (!isNonStatic(btf, info.type)) continue;
      const name = btf.name(info.type);
      const known = found.get(name);
      if (isDone(known)) continue;
      const other = known === undefined || Array.isArray(known) ? info.type : known.type;
      found.set(name, other === info.type ? { type: info.type, datasec: id } : [other, info.type]);
    }
  }
  return found;
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}

/** Refuses a name that is not valid UTF-8: after decoding, the linker could not write the original bytes again. */
function checkName(name: string, fail: (problem: string) => FormatError): void {
  if (name.includes("\ufffd")) throw fail("its name is not UTF-8");
}
