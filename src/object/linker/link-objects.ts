import { TypeCollector } from "../../btf/index.ts";
import { type ElfSection, SectionType } from "../../elf/index.ts";
import { Errno, FormatError, UsageError } from "../../errors/index.ts";
import { formatHex, textUntilNul } from "../../layout/index.ts";
import { GlobalSymbols } from "./global-symbols.ts";
import { InputObject, type InputSection } from "./input-object.ts";
import { LinkError } from "./link-error.ts";
import { linkRelocations } from "./link-relocations.ts";
import { finishTypes, linkTypes } from "./link-types.ts";
import { OutputObject } from "./output-object.ts";

/** The sections that must be equal in all files. The output has each of them only once. */
const COMMON_SECTIONS: ReadonlySet<string> = new Set(["license", "version"]);

/** A BPF object file to link. */
export interface LinkedFile {
  /** The bytes of the file. */
  readonly data: Uint8Array;
  /** The file's name in errors. */
  readonly source: string;
}

/**
 * Links BPF object files into one, byte for byte as libbpf's `bpf_linker` does: joins sections with the same name,
 * resolves externs to the globals of other files, and merges the BTF. A strong symbol replaces a weak one. Static
 * symbols with the same name stay separate. The result has no DWARF.
 *
 * Throws {@link LinkError}, a FormatError, if the files do not fit each other: two strong symbols with the same name,
 * or different types, map definitions, byte orders or licenses. Throws FormatError if a file is malformed.
 */
export function linkObjects(files: Iterable<LinkedFile>): Uint8Array {
  const linker = new Linker();
  for (const file of files) linker.add(file);
  return linker.finish();
}

class Linker {
  #first: { readonly source: string; readonly output: OutputObject; readonly types: TypeCollector } | undefined;
  #symbols: GlobalSymbols | undefined;

  add({ data, source }: LinkedFile): void {
    try {
      this.#add(new InputObject(data, source));
    } catch (cause) {
      if (!(cause instanceof FormatError) || cause instanceof LinkError) throw cause;
      throw new LinkError(source, cause.source === source ? cause.problem : cause.message, { cause });
    }
  }

  finish(): Uint8Array {
    if (this.#first === undefined) throw new UsageError("linkObjects needs at least one file");
    const { output, types } = this.#first;
    finishTypes(output, types);
    return output.encode();
  }

  #add(input: InputObject): void {
    const { little } = input.elf;
    this.#first ??= { source: input.source, output: new OutputObject(little), types: new TypeCollector(little) };
    const { output, types, source } = this.#first;
    this.#symbols ??= new GlobalSymbols(output, types);
    if (little !== output.little) {
      const order = (isLittle: boolean) => (isLittle ? "little-endian" : "big-endian");
      throw input.error(
        `it is ${order(little)}, but ${source} is ${order(output.little)}; compile both for the same target`,
        Errno.EOPNOTSUPP,
      );
    }
    const contents = linkSections(input, output);
    const numbers = this.#symbols.add(input);
    linkRelocations(input, output, contents, numbers);
    linkTypes(input, types, this.#symbols);
  }
}

/** Adds the contents of a file's sections to the output. Returns the output's copy of each section's contents. */
function linkSections(input: InputObject, output: OutputObject): ReadonlyMap<InputSection, Uint8Array> {
  const contents = new Map<InputSection, Uint8Array>();
  for (const section of input.sections) {
    const { header } = section;
    if (section.isSkipped || (header !== undefined && !hasData(header))) continue;
    const joined = output.sectionFor(input, section);
    const data = header === undefined ? new Uint8Array(0) : input.elf.contents(header).slice();
    if (COMMON_SECTIONS.has(section.name) && joined.size > 0) {
      if (!isEqual(data, joined.pieces)) {
        const { name } = section;
        const [here, there] = [data, joined.pieces[0] ?? data].map((bytes) =>
          name === "license" ? JSON.stringify(textUntilNul(bytes)) : `0x${formatHex(bytes)}`,
        );
        throw input.error(
          `its ${name} is ${here}, but ${joined.source} has ${there}; all files of an object must have the same ${name}`,
        );
      }
      section.isSkipped = true;
      section.output = joined;
      continue;
    }
    output.append(input, section, joined, data);
    contents.set(section, data);
  }
  return contents;
}

function hasData({ type }: ElfSection): boolean {
  return type === SectionType.SHT_PROGBITS || type === SectionType.SHT_NOBITS;
}

function isEqual(data: Uint8Array, [piece, ...more]: readonly Uint8Array[]): boolean {
  return more.length === 0 && piece?.length === data.length && data.every((byte, i) => byte === piece[i]);
}
