import type { CoreRelocation } from "../btf/index.ts";
import type { ElfFile, ElfSection } from "../elf/index.ts";
import { FormatError } from "../errors/index.ts";
import type { FunctionInfos } from "./function-info.ts";
import { type ObjectFunction, type ObjectFunctions, SLOT } from "./functions.ts";
import { InstructionView } from "./instruction-view.ts";
import type { Reference, References } from "./references.ts";
import { sectionError } from "./sections.ts";
import type { FunctionSpec, JumpTableSpec, LineSpec, Relocation } from "./spec.ts";

/** The kernel's limit for the slots of a program (BPF_COMPLEXITY_LIMIT_INSNS, include/linux/bpf.h). */
const MAX_PROGRAM_SLOTS = 1_000_000;
/**
 * The limit for the slots of all programs together. In a hostile object, thousands of programs could call the same
 * large function.
 */
const MAX_OBJECT_WORK = 16_000_000;

/** A program, linked together with the functions that it reaches. */
export interface LinkedProgram {
  readonly instructions: Uint8Array;
  readonly relocations: Relocation[];
  readonly coreRelocations: CoreRelocation[];
  readonly functions: FunctionSpec[];
  readonly jumpTables: JumpTableSpec[];
  /** Makes the list of source lines. This is a method because most users never read the lines. */
  lines(): LineSpec[];
}

/** The input of {@link Linker}. */
export interface LinkInput {
  readonly elf: ElfFile;
  readonly functions: ObjectFunctions;
  readonly references: References;
  readonly infos: FunctionInfos;
  readonly exceptionCallbacks: ReadonlyMap<string, ObjectFunction>;
  readonly jumpTables: ElfSection | undefined;
}

/** A function that was linked into a program. */
interface Piece {
  readonly from: ObjectFunction;
  /** The slot in the program at which the function begins. */
  readonly base: number;
}

/** A reference to a function. `slot` counts from the start of the function that contains the reference. */
interface CallSite {
  readonly slot: number;
  readonly target: ObjectFunction;
  readonly call: boolean;
}

/**
 * Links functions to programs in the same order as libbpf (`bpf_object__reloc_code`), so that the instructions and the
 * program's tag are the same. The order is depth first: the linker appends a function at the first reference to it.
 * Then it follows the references of this function, and only then the next reference of the caller.
 */
export class Linker {
  readonly #input: LinkInput;
  readonly #sites = new Map<ObjectFunction, readonly CallSite[]>();
  #work = 0;

  constructor(input: LinkInput) {
    this.#input = input;
  }

  link(main: ObjectFunction, name: string): LinkedProgram {
    const { elf, exceptionCallbacks } = this.#input;
    const pieces: Piece[] = [];
    const bases = new Map<ObjectFunction, number>();
    let end = 0;
    const append = (from: ObjectFunction) => {
      bases.set(from, end);
      pieces.push({ from, base: end });
      end += from.count;
      this.#spend(from.count, name);
      if (end > MAX_PROGRAM_SLOTS) {
        throw new FormatError(
          { source: elf.source },
          `program ${name} has more than ${MAX_PROGRAM_SLOTS} instructions`,
        );
      }
    };
    const follow = (start: ObjectFunction) => {
      append(start);
      const open = [{ sites: this.#callSites(start), next: 0 }];
      for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
        const site = top.sites[top.next++];
        if (site === undefined) {
          open.pop();
        } else if (!bases.has(site.target)) {
          append(site.target);
          open.push({ sites: this.#callSites(site.target), next: 0 });
        }
      }
    };
    follow(main);
    const callback = exceptionCallbacks.get(name);
    if (callback !== undefined && !bases.has(callback)) follow(callback);
    return this.#build(name, pieces, bases, end);
  }

  /** Returns the functions that other functions call or take the address of. */
  calledFunctions(): ReadonlySet<ObjectFunction> {
    const called = new Set<ObjectFunction>();
    for (const from of this.#input.functions.all) {
      for (const { target } of this.#callSites(from)) if (target !== from) called.add(target);
    }
    return called;
  }

  #build(
    name: string,
    pieces: readonly Piece[],
    bases: ReadonlyMap<ObjectFunction, number>,
    end: number,
  ): LinkedProgram {
    const { elf, references, infos } = this.#input;
    const instructions = new Uint8Array(end * SLOT);
    const view = new InstructionView(instructions, elf.little);
    const relocations: Relocation[] = [];
    const coreRelocations: CoreRelocation[] = [];
    const tables = new JumpTables(this.#input);
    for (const { from, base } of pieces) {
      instructions.set(from.code, base * SLOT);
      for (const { slot, target, call } of this.#callSites(from)) {
        const at = base + slot;
        if (!call) view.markFunctionLoad(at);
        view.setImm(at, (bases.get(target) as number) - at - 1);
      }
      for (const reference of references.get(from) ?? []) {
        const relocation = place(reference, base, view, from, tables);
        if (relocation !== undefined) relocations.push(relocation);
      }
      const info = infos.get(from);
      if (info === undefined) continue;
      this.#spend(info.coreRelocations.length + info.lineNumbers.length, name);
      for (const relocation of info.coreRelocations) {
        coreRelocations.push({ ...relocation, slot: base + relocation.slot });
      }
    }
    this.#spend(tables.size, name);
    return {
      instructions,
      relocations,
      coreRelocations,
      functions: pieces.map(({ from, base }, i) => ({
        name: i === 0 ? name : from.name,
        slot: base,
        typeId: infos.get(from)?.typeId ?? 0,
      })),
      jumpTables: tables.all,
      lines: () => linesOf(pieces, infos),
    };
  }

  #spend(amount: number, name: string): void {
    this.#work += amount;
    if (this.#work <= MAX_OBJECT_WORK) return;
    const problem = `the programs are too large: together those up to ${name} have more than ${MAX_OBJECT_WORK} instructions and debug records`;
    throw new FormatError({ source: this.#input.elf.source }, problem);
  }

  /** Returns the references to functions that one function contains, by ascending slot. Caches them. */
  #callSites(from: ObjectFunction): readonly CallSite[] {
    let sites = this.#sites.get(from);
    if (sites === undefined) {
      sites = findCallSites(this.#input, from);
      this.#sites.set(from, sites);
    }
    return sites;
  }
}

function findCallSites({ elf, functions, references }: LinkInput, from: ObjectFunction): CallSite[] {
  const view = new InstructionView(from.code, elf.little);
  const sites: CallSite[] = [];
  const bySlot = new Map<number, Reference>();
  for (const reference of references.get(from) ?? []) bySlot.set(reference.slot, reference);
  for (let slot = view.nextReference(0); slot < from.count; slot = view.nextReference(slot + 1)) {
    const local = view.isLocalCall(slot);
    const reference = local || view.isLoad(slot) ? bySlot.get(slot) : undefined;
    if (reference?.kind === "function") {
      sites.push({ slot, target: reference.target, call: reference.call });
      continue;
    }
    if (reference?.kind === "extern" || !(local || view.isFunctionLoad(slot))) continue;
    const fail = (problem: string) => {
      const section = elf.section(from.section, from.name);
      return sectionError(elf, section, `function ${from.name}: ${problem}`, (from.start + slot) * SLOT);
    };
    if (reference !== undefined) throw fail("this relocation must refer to a function, but it refers to data");
    if (!local) throw fail("an instruction loads a function's address, but no relocation names the function");
    // There is no relocation for a call within one section: the compiler has written the target into the instruction.
    const at = from.start + slot + view.imm(slot) + 1;
    const target = functions.find(from.section, at);
    if (target === undefined || target.start !== at)
      throw fail(`a call goes to instruction ${at}, where no function begins`);
    sites.push({ slot, target, call: true });
  }
  return sites;
}

/**
 * Turns a reference in a function into a relocation of the program. Returns undefined if the reference is to another
 * function: by now the subprograms are linked, so that reference is resolved.
 */
function place(
  reference: Reference,
  base: number,
  view: InstructionView,
  from: ObjectFunction,
  tables: JumpTables,
): Relocation | undefined {
  const slot = base + reference.slot;
  switch (reference.kind) {
    case "function":
      return undefined;
    case "map":
      return { kind: "map", slot, map: reference.map };
    case "map_value":
      return { kind: "map_value", slot, map: reference.map, offset: reference.offset };
    case "extern": {
      const { name, source } = reference.extern;
      if (source.kind === "kfunc") return { kind: "kfunc", slot, extern: name, call: reference.call };
      return { kind: "extern", slot, extern: name };
    }
    case "jump_table":
      return { kind: "jump_table", slot, table: tables.add(reference, from, base), offset: view.imm(slot + 1) };
  }
}

/** The jump tables of one program (libbpf's `create_jt_map`). */
class JumpTables {
  readonly all: JumpTableSpec[] = [];
  /** The number of targets in all tables together. */
  size = 0;
  readonly #input: LinkInput;
  readonly #numbers = new Map<string, number>();

  constructor(input: LinkInput) {
    this.#input = input;
  }

  /** Returns the index of the jump table that a reference names. Makes the table if it is new. */
  add({ start, size }: Extract<Reference, { kind: "jump_table" }>, from: ObjectFunction, base: number): number {
    const key = `${start} ${size} ${base}`;
    let number = this.#numbers.get(key);
    if (number !== undefined) return number;
    const { elf, jumpTables: section } = this.#input;
    if (section === undefined) throw new FormatError({ source: elf.source }, "there is no section .jumptables");
    const bytes = elf.bytes(section);
    if (start % 8 !== 0 || size % 8 !== 0)
      throw bytes.error(
        start,
        `a jump table of ${size} bytes at offset ${start} is not made of whole entries of 8 bytes`,
      );
    bytes.check(start, size, "a jump table");
    const targets: number[] = [];
    for (let at = start; at < start + size; at += 8) {
      // An entry is an offset in bytes from the start of the function's section.
      const target = Number(bytes.u64(at)) / SLOT - from.start;
      if (!Number.isInteger(target) || target < 0 || target >= from.count) {
        throw bytes.error(
          at,
          `the jump table's target 0x${bytes.u64(at).toString(16)} is not an instruction of ${from.name}`,
        );
      }
      targets.push(base + target);
    }
    this.size += targets.length;
    number = this.all.push({ targets }) - 1;
    this.#numbers.set(key, number);
    return number;
  }
}

function linesOf(pieces: readonly Piece[], infos: FunctionInfos): LineSpec[] {
  const out: LineSpec[] = [];
  for (const { from, base } of pieces) {
    const info = infos.get(from);
    if (info?.lines === undefined) return [];
    const { lines, lineNumbers } = info;
    for (const i of lineNumbers) {
      out.push({
        slot: lines.word(i, 0) / SLOT - from.start + base,
        fileNameOffset: lines.word(i, 1),
        lineOffset: lines.word(i, 2),
        lineColumn: lines.word(i, 3),
      });
    }
  }
  return out;
}
