import type { TypeCollector, TypeId } from "../../btf/index.ts";
import { type ElfSymbol, SymbolBinding, SymbolType } from "../../elf/index.ts";
import { isExtern } from "../externs.ts";
import { type InputObject, type InputSection, isLinkerExtern } from "./input-object.ts";
import { mapDifference } from "./map-difference.ts";
import type { OutputObject, OutputSymbol } from "./output-object.ts";
import type { OutputSection } from "./output-section.ts";
import { ComparisonBudget, type TypeOfFile, typeDifference } from "./symbol-types.ts";

/** A symbol that all files share: global, weak or extern. */
export interface GlobalSymbol {
  readonly name: string;
  readonly symbol: OutputSymbol;
  /** The section that holds the symbol; for an extern, the section that lists it in the BTF, such as `.ksyms`. */
  section: OutputSection | undefined;
  isExtern: boolean;
  /** True if the symbol is weak. A strong symbol never becomes weak again. */
  isWeak: boolean;
  /** The file that defines the symbol, or the first file that declares it. */
  source: string;
  /** The symbol's VAR or FUNC in the output; 0 until the output has the types of the first file with this symbol. */
  type: TypeId;
  /**
   * The VAR or FUNC with which the types of later files are compared. Undefined until the output has the types of the
   * file that it comes from.
   */
  declared: TypeOfFile | undefined;
  /** The symbol's entry in the DATASEC of {@link section}. */
  variable: { readonly section: OutputSection; readonly index: number } | undefined;
}

/** Resolves the symbols of all files: merges symbols with the same name, and connects externs with definitions. */
export class GlobalSymbols {
  readonly #output: OutputObject;
  readonly #types: TypeCollector;
  readonly #byName = new Map<string, GlobalSymbol>();
  readonly #budget = new ComparisonBudget();

  constructor(output: OutputObject, types: TypeCollector) {
    this.#output = output;
    this.#types = types;
  }

  find(name: string): GlobalSymbol | undefined {
    return this.#byName.get(name);
  }

  /**
   * Adds the symbols of a file. Returns for each symbol its number in the output; 0 if the output leaves out the
   * section of the symbol. Throws LinkError if two strong symbols have the same name, or if symbols with the same name
   * have different types.
   */
  add(input: InputObject): Uint32Array {
    const numbers = new Uint32Array(input.symbols.length);
    for (const symbol of input.symbols) {
      if (symbol.index !== 0) numbers[symbol.index] = this.#addSymbol(input, symbol);
    }
    return numbers;
  }

  #addSymbol(input: InputObject, symbol: ElfSymbol): number {
    const { name, type, binding } = symbol;
    const isDeclaration = isExtern(symbol);
    if (isDeclaration && input.btf === undefined) {
      throw input.error(`it has no BTF, which its extern ${name} needs: compile with -g`);
    }
    let from = input.sectionOf(symbol);
    if (from?.isSkipped) {
      // The output keeps the license of the first file. If code of a later file reads the license, it refers to the
      // license of the first file.
      return (binding === SymbolBinding.STB_LOCAL ? undefined : this.find(name)?.symbol.index) ?? 0;
    }
    if (type === SymbolType.STT_SECTION && from?.output !== undefined && from.output.symbol !== 0) {
      return from.output.symbol;
    }
    if (binding === SymbolBinding.STB_LOCAL) return this.#append(symbol, from).index;
    if (from?.name !== ".jumptables") {
      const types = input.typesOf(name);
      if (isDeclaration && types.datasec !== 0) from = sectionOfExtern(input, types.datasec) ?? from;
      const known = this.find(name);
      if (known !== undefined) {
        this.#resolve(input, symbol, types.type, from, known);
        return known.symbol.index;
      }
    }
    const added = this.#append(symbol, from);
    if (!this.#byName.has(name)) {
      this.#byName.set(name, {
        name,
        symbol: added,
        section: from?.output,
        isExtern: isDeclaration,
        isWeak: binding === SymbolBinding.STB_WEAK,
        source: input.source,
        type: 0,
        declared: undefined,
        variable: undefined,
      });
    }
    return added.index;
  }

  #append(symbol: ElfSymbol, from: InputSection | undefined): OutputSymbol {
    const { name, type, binding, visibility, section, value, size } = symbol;
    const isSection = type === SymbolType.STT_SECTION && from?.output !== undefined;
    const isDeclaration = isExtern(symbol);
    const added = this.#output.addSymbol(name, {
      type,
      binding,
      visibility,
      // libbpf's linker puts an extern map into the section .maps, as if it were defined there.
      section: isDeclaration ? section : (from?.output?.index ?? section),
      value: isSection || isDeclaration ? 0 : (from?.offset ?? 0) + value,
      size,
    });
    if (isSection && from?.output !== undefined) from.output.symbol = added.index;
    return added;
  }

  /** Merges a file's symbol with the symbol of the same name from earlier files. */
  #resolve(
    input: InputObject,
    symbol: ElfSymbol,
    type: TypeId,
    from: InputSection | undefined,
    known: GlobalSymbol,
  ): void {
    const { name, binding, visibility } = symbol;
    const isDeclaration = isExtern(symbol);
    const isWeak = binding === SymbolBinding.STB_WEAK;
    if (!isDeclaration && !known.isExtern && !known.isWeak && !isWeak) {
      throw input.error(
        `${name} is defined both here and in ${known.source}; make one of them static or weak (__weak), or rename it`,
      );
    }
    this.#compare(input, name, type, known);
    // If one of the symbols is strong, the result is strong. The stricter visibility wins. This holds for externs too.
    if (!isWeak) {
      known.symbol.binding = SymbolBinding.STB_GLOBAL;
      known.isWeak = false;
    }
    known.symbol.visibility = Math.max(known.symbol.visibility, visibility);
    if (isDeclaration || (!known.isExtern && isWeak)) return;
    if (from?.output === undefined) throw input.error(`the global symbol ${name} is in no section that is linked`);
    if (known.variable !== undefined && known.variable.section !== from.output) {
      throw input.error(
        `${name} is in section ${from.name}, but ${known.source} says that it is in ${known.variable.section.name}`,
      );
    }
    known.symbol.type = symbol.type;
    known.symbol.section = from.output.index;
    known.symbol.value = from.offset + symbol.value;
    known.symbol.size = symbol.size;
    known.section = from.output;
    known.source = input.source;
    known.isExtern = false;
    this.#complete(input, type, known);
    known.declared = undefined;
  }

  /** Throws LinkError if the types of a symbol in two files differ. */
  #compare(input: InputObject, name: string, type: TypeId, known: GlobalSymbol): void {
    const { btf, source } = input;
    if (known.declared === undefined || known.type === 0 || btf === undefined) {
      throw input.error(
        `there are two symbols ${name}, here and in ${known.source}, but the BTF describes only one of them`,
      );
    }
    const here = { btf, id: type, source };
    const isMap = known.section?.name === ".maps";
    const there = known.declared;
    const difference = isMap
      ? mapDifference(name, here, there, this.#budget)
      : typeDifference(here, there, this.#budget);
    if (difference === undefined) return;
    const what = isMap ? `the map ${name} is not defined` : `${name} does not have the same type`;
    throw input.error(`${what} as in ${there.source}: ${difference}`);
  }

  /** Completes the BTF of an extern with the linkage and the names of parameters from its definition. */
  #complete({ btf }: InputObject, type: TypeId, known: GlobalSymbol): void {
    if (btf === undefined) return;
    this.#types.makeGlobal(known.type);
    this.#types.nameParameters(this.#types.target(known.type), btf, btf.target(type));
  }
}

/** Returns the section that lists an extern in the BTF; undefined for externs that the linker resolves. */
function sectionOfExtern(input: InputObject, datasec: TypeId): InputSection | undefined {
  const { btf } = input;
  if (btf === undefined || isLinkerExtern(btf, datasec)) return undefined;
  return input.section(btf.name(datasec));
}
