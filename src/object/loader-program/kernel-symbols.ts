import {
  and,
  callHelper,
  ja,
  jeq,
  jne,
  jsge,
  label,
  ldx,
  mov,
  r0,
  r1,
  r2,
  r3,
  r4,
  r7,
  r8,
  r9,
  rsh,
  st,
  stx,
  w9,
} from "../../asm/index.ts";
import { Errno } from "../../errors/index.ts";
import { BpfPseudo } from "../../uapi/index.ts";
import type { LoaderCode } from "./code.ts";
import type { LoaderLayout } from "./layout.ts";
import type { LoaderPlan, LoaderSymbol } from "./plan.ts";

/** Offsets in an instruction. An ld_imm64 has a second slot. */
const REGISTERS = 1;
const OFFSET = 2;
export const IMMEDIATE = 4;
const SECOND_IMMEDIATE = 12;

/**
 * r7 = the BTF id of a kernel type, with the fd of its module's BTF in the upper half. If there is no such type, r7 is
 * a negative errno.
 */
export function findType(code: LoaderCode, name: string, btfKind: number): void {
  const text = code.addText(name);
  code.address(r1, text);
  code.emit(mov(r2, lengthOf(name)), mov(r3, btfKind), mov(r4, 0));
  code.emit(callHelper("bpf_btf_find_by_name_kind"), mov(r7, r0));
}

/** Returns the number of bytes of a C string, with its NUL. */
function lengthOf(name: string): number {
  return new TextEncoder().encode(name).length + 1;
}

/** A symbol that an earlier instruction of the program refers to. Another such instruction is copied from it. */
interface KnownSymbol {
  /** The offset in the data of the first instruction that refers to the symbol. */
  readonly instruction: number;
  /** The offset in the data of the fd of the module's BTF, which is closed after the load; undefined without an fd. */
  readonly fd: number | undefined;
}

/**
 * Writes the code that puts kernel symbols into the instructions of one program.
 *
 * A skeleton's loader program does what libbpf's does if a symbol is missing: it loads 0 for an address even if the
 * symbol is not weak, and it makes a call of kernel function 0. In a load, these are an error, and a call that the
 * verifier refuses and that has the number of the extern.
 */
export class KernelSymbols {
  readonly #code: LoaderCode;
  readonly #layout: LoaderLayout;
  /** The offset in the data of the program's first instruction. */
  readonly #start: number;
  readonly #isSkeleton: boolean;
  readonly #known = new Map<string, KnownSymbol>();
  #modules = 0;

  constructor(code: LoaderCode, layout: LoaderLayout, start: number, purpose: LoaderPlan["purpose"]) {
    this.#isSkeleton = purpose === "skeleton";
    this.#code = code;
    this.#layout = layout;
    this.#start = start;
  }

  /** The offsets in the data of the fds that must be closed after the load. */
  get fds(): number[] {
    return [...this.#known.values()].flatMap(({ fd }) => (fd === undefined ? [] : [fd]));
  }

  /** Patches an instruction. r8 = the address of the instruction. */
  patch(symbol: LoaderSymbol): void {
    const at = this.#start + symbol.slot * 8;
    const key = `${symbol.kind === "kfunc"} ${symbol.btfKind} ${symbol.name}`;
    const known = this.#known.get(key);
    this.#code.address(r8, at);
    if (symbol.kind === "address") this.#address(symbol, at, known);
    else if (symbol.kind === "btf") this.#reference(symbol, at, known);
    else this.#call(symbol, at, known, key);
    if (known !== undefined || symbol.kind === "kfunc") return;
    this.#known.set(key, { instruction: at, fd: symbol.kind === "btf" ? at + SECOND_IMMEDIATE : undefined });
  }

  /** Puts the address of a symbol into an ld_imm64. */
  #address({ name, weak }: LoaderSymbol, at: number, known: KnownSymbol | undefined): void {
    const code = this.#code;
    if (known !== undefined) {
      for (const field of [IMMEDIATE, SECOND_IMMEDIATE]) code.copyData("u32", at + field, known.instruction + field);
      return;
    }
    const text = code.addText(name);
    const result = code.reserve(8);
    code.address(r1, text);
    code.emit(mov(r2, lengthOf(name)), mov(r3, 0));
    code.address(r4, result);
    code.emit(mov(r7, r4), callHelper("bpf_kallsyms_lookup_name"), ldx("u64", r9, r7, 0), mov(r7, r0));
    const missing = code.newLabel();
    // If the kernel has no such symbol, the helper has set the address to 0.
    if (weak || this.#isSkeleton) code.emit(jeq(r7, -Errno.ENOENT, missing));
    code.check();
    code.emit(label(missing), stx("u32", r8, r9, IMMEDIATE), rsh(r9, 32), stx("u32", r8, r9, SECOND_IMMEDIATE));
  }

  /**
   * Puts a BTF id into an ld_imm64, and the fd of the module's BTF into its second half. Without the symbol, the
   * instruction must load a plain 0, so this clears its source register.
   */
  #reference({ name, btfKind, weak }: LoaderSymbol, at: number, known: KnownSymbol | undefined): void {
    const code = this.#code;
    const done = code.newLabel();
    if (known !== undefined) {
      for (const field of [SECOND_IMMEDIATE, IMMEDIATE]) code.copyData("u32", at + field, known.instruction + field);
      code.emit(jne(r0, 0, done));
    } else {
      const found = code.newLabel();
      const clear = code.newLabel();
      findType(code, name, btfKind);
      if (!weak) code.check();
      code.emit(jsge(r7, 0, found), st("u32", r8, IMMEDIATE, 0), st("u32", r8, SECOND_IMMEDIATE, 0), ja(clear));
      code.emit(label(found), stx("u32", r8, r7, IMMEDIATE), rsh(r7, 32), stx("u32", r8, r7, SECOND_IMMEDIATE));
      code.emit(ja(done), label(clear));
    }
    const destination = code.little ? 0x0f : 0xf0;
    code.emit(ldx("u8", r9, r8, REGISTERS), and(w9, destination), stx("u8", r8, r9, REGISTERS), label(done));
  }

  /**
   * Puts the BTF id of a kernel function into a call. If a module has the function, the call also gets the index of the
   * module's BTF in the array of fds.
   */
  #call({ name, btfKind, weak }: LoaderSymbol, at: number, known: KnownSymbol | undefined, key: string): void {
    const code = this.#code;
    if (known !== undefined) {
      code.copyData("u32", at + IMMEDIATE, known.instruction + IMMEDIATE);
      code.copyData("u16", at + OFFSET, known.instruction + OFFSET);
      if (!this.#isSkeleton) code.copyData("u8", at + REGISTERS, known.instruction + REGISTERS);
      return;
    }
    findType(code, name, btfKind);
    if (!weak) code.check();
    const index = this.#layout.module(this.#modules) ?? code.reserve(4) / 4;
    this.#modules++;
    this.#known.set(key, { instruction: at, fd: this.#layout.map(index) });
    const found = code.newLabel();
    const module = code.newLabel();
    const done = code.newLabel();
    code.emit(jsge(r7, 0, found));
    if (this.#isSkeleton) code.emit(st("u32", r8, IMMEDIATE, 0), st("u16", r8, OFFSET, 0));
    code.emit(ja(done), label(found));
    if (!this.#isSkeleton) code.emit(st("u8", r8, REGISTERS, BpfPseudo.BPF_PSEUDO_KFUNC_CALL << 4));
    code.emit(stx("u32", r8, r7, IMMEDIATE), mov(r9, r7), rsh(r9, 32));
    code.address(r0, this.#layout.map(index));
    code.emit(stx("u32", r0, r9, 0), jne(r9, 0, module), st("u16", r8, OFFSET, 0), ja(done));
    code.emit(label(module), st("u16", r8, OFFSET, index), label(done));
  }
}
