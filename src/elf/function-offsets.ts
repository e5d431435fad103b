import { UsageError } from "../errors/index.ts";
import { namePattern, nearNames } from "../layout/index.ts";
import { ElfType, SectionIndex, SymbolBinding, SymbolType } from "./constants.ts";
import type { ElfFile } from "./elf-file.ts";
import { findStub } from "./linkage-table.ts";
import { codeOffset } from "./segments.ts";
import type { ElfSymbol, ElfSymbols } from "./symbols.ts";
import { readSymbolVersions } from "./versions.ts";

/** A function in an executable or a library. */
export interface ElfFunction {
  readonly name: string;
  /** File offset of its first instruction, in bytes. Uprobes take this offset. */
  readonly offset: number;
}

/**
 * Finds a function by `name`, `name@VERSION` or `name@@VERSION`. `name@plt` is the stub through which the file calls an
 * imported function. Only calls from this file go through the stub. The dynamic symbols are searched first, because a
 * stripped file has no others. If several functions have the name, the search prefers one that is not weak. Throws
 * UsageError if the name is ambiguous, or if there is no such function; the message then suggests similar names.
 */
export function findFunction(elf: ElfFile, name: string): ElfFunction {
  const at = name.indexOf("@");
  const plain = at < 0 ? name : name.slice(0, at);
  const version = at < 0 ? undefined : name.slice(at).replace(/^@@?/, "");
  if (version === "plt") return stub(elf, plain);
  const versions = version === undefined ? undefined : readSymbolVersions(elf);
  let isImported = false;
  for (const table of ["dynamicSymbols", "staticSymbols"] as const) {
    const symbols = elf[table];
    if (symbols === undefined) continue;
    let best: { offset: number; weak: boolean } | undefined;
    for (const symbol of symbols.ofType(SymbolType.STT_FUNC, plain, true)) {
      if (version !== undefined) {
        const own = table === "dynamicSymbols" ? versions?.(symbol.index) : symbol.name.split(/@@?/)[1];
        if (own !== version) continue;
      }
      const offset = fileOffset(elf, symbol);
      if (offset === undefined) {
        isImported ||= symbol.section === SectionIndex.SHN_UNDEF;
        continue;
      }
      const weak = symbol.binding === SymbolBinding.STB_WEAK;
      if (best === undefined || (best.weak && !weak)) best = { offset, weak };
      else if (best.offset !== offset && !weak) {
        throw new UsageError(
          `${elf.source} has several functions ${name}; choose one by its version (name@VERSION) or by its offset`,
        );
      }
    }
    if (best !== undefined) return { name, offset: best.offset };
  }
  throw notFound(elf, name, isImported);
}

function stub(elf: ElfFile, name: string): ElfFunction {
  const offset = findStub(elf, name);
  if (offset !== undefined) return { name: `${name}@plt`, offset };
  throw new UsageError(
    `${elf.source} has no PLT stub for ${name}: it does not import that function, or it calls the function by its address`,
  );
}

/**
 * Returns all functions whose names match a pattern with `*` and `?`, in the order of the symbol table and without
 * repeated offsets. The dynamic table is searched only if the full table has no match. Throws UsageError if neither
 * table has a match.
 */
export function matchingFunctions(elf: ElfFile, pattern: string): ElfFunction[] {
  const fits = namePattern(pattern);
  for (const table of ["staticSymbols", "dynamicSymbols"] as const) {
    const found = new Map<number, ElfFunction>();
    for (const { symbol, offset } of functions(elf, elf[table])) {
      if (fits(symbol.name) && !found.has(offset)) found.set(offset, { name: symbol.name, offset });
    }
    if (found.size > 0) return [...found.values()];
  }
  throw new UsageError(`${elf.source} has no function that matches ${pattern}`);
}

function* functions(
  elf: ElfFile,
  symbols: ElfSymbols | undefined,
): Generator<{ symbol: ElfSymbol; offset: number }, void, undefined> {
  for (const symbol of symbols?.ofType(SymbolType.STT_FUNC) ?? []) {
    const offset = fileOffset(elf, symbol);
    if (offset !== undefined) yield { symbol, offset };
  }
}

/**
 * Returns the file offset of a function's first instruction; undefined if the function is not in the file (imported).
 *
 * The offset is computed from the segment that holds the address, because the kernel maps segments. Sections and the
 * section numbers of symbols can be stale after a binary rewriter. A uprobe at a wrong offset never fires, and the
 * kernel reports no error.
 */
function fileOffset(elf: ElfFile, symbol: ElfSymbol): number | undefined {
  const section = symbol.section === SectionIndex.SHN_UNDEF ? undefined : elf.sections[symbol.section];
  if (section === undefined) return undefined;
  if (elf.type !== ElfType.ET_REL) return codeOffset(elf.segments, symbol.value);
  const offset = section.offset + symbol.value;
  return offset > 0 ? offset : undefined;
}

function notFound(elf: ElfFile, name: string, isImported: boolean): UsageError {
  if (isImported) {
    return new UsageError(
      `${elf.source} only imports the function ${name}; attach to the library that defines it, such as libc.so.6, or to ${name}@plt for the calls from this file`,
    );
  }
  const tables = [elf.dynamicSymbols, elf.staticSymbols];
  for (const symbols of tables) {
    for (const _ of symbols?.ofType(SymbolType.STT_GNU_IFUNC, name, true) ?? []) {
      return new UsageError(
        `${elf.source}: ${name} is an indirect function: each process chooses one of several implementations when it starts; attach to one of these implementations`,
      );
    }
  }
  const names = new Set(tables.flatMap((symbols) => [...functions(elf, symbols)].map(({ symbol }) => symbol.name)));
  if (names.size === 0)
    return new UsageError(`${elf.source} has no symbols; give the function's offset in the file instead`);
  const near = nearNames(name, names);
  return new UsageError(
    `${elf.source} has no function ${name}${near.length === 0 ? "" : `; it has ${near.join(", ")}`}`,
  );
}
