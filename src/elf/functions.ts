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
  /** Of its first instruction in the file, in bytes: what uprobes are given. */
  readonly offset: number;
}

/**
 * The function of a name, `name@VERSION` or `name@@VERSION`; `name@plt` is the stub by which an executable calls a
 * function that it imports, and is passed by its own calls alone. The dynamic symbols are searched first, since a stripped
 * file has no others. Of several, one that is not weak is taken. Throws UsageError if there is none, with names that
 * are like it, or if the name is ambiguous.
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
          `${elf.source} has several functions ${name}: say one by its version (name@VERSION) or by its offset`,
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
    `${elf.source} has no stub for calls of ${name}: it does not import that function, or calls it by its address`,
  );
}

/**
 * All functions whose names fit a pattern with `*` and `?`, in the order of the table, each place once. The full
 * table is searched first, and the dynamic one only if that has none. Throws UsageError if there is none.
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
  throw new UsageError(`${elf.source} has no function that fits ${pattern}`);
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
 * Returns where in the file a function's first instruction is; undefined if it is not in it (an imported function).
 *
 * The segment that holds the address decides, as it does for the kernel when it maps the file. Binary rewriters leave
 * sections and the symbols' section numbers stale, and a uprobe at a wrong offset never fires, without any error.
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
      `${elf.source} only imports the function ${name}: attach to the library that has it, such as libc.so.6, or to this one's calls of it, ${name}@plt`,
    );
  }
  const tables = [elf.dynamicSymbols, elf.staticSymbols];
  for (const symbols of tables) {
    for (const _ of symbols?.ofType(SymbolType.STT_GNU_IFUNC, name, true) ?? []) {
      return new UsageError(
        `${elf.source}: ${name} is an indirect function, which is resolved when a process starts; attach to one of its implementations`,
      );
    }
  }
  const names = new Set(tables.flatMap((symbols) => [...functions(elf, symbols)].map(({ symbol }) => symbol.name)));
  if (names.size === 0) return new UsageError(`${elf.source} has no symbols: say the offset in the file instead`);
  const near = nearNames(name, names);
  return new UsageError(
    `${elf.source} has no function ${name}${near.length === 0 ? "" : `; it has ${near.join(", ")}`}`,
  );
}
