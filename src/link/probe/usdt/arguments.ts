import { UsageError } from "../../../errors/index.ts";
import { registerOffset } from "./registers.ts";

/** Where a USDT argument is when the probe fires. */
export type UsdtArgument = {
  /** The size of the argument: 1, 2, 4 or 8 bytes. */
  readonly size: number;
  readonly signed: boolean;
} & (
  | { readonly kind: "constant"; readonly value: bigint }
  /** The argument is in a register. In all forms, `register` and `index` are offsets in `struct pt_regs`. */
  | { readonly kind: "register"; readonly register: number }
  /** The argument is in memory at register + offset. */
  | { readonly kind: "memory"; readonly register: number; readonly offset: bigint }
  /** The argument is in memory at register + index × scale + offset (x86 only). */
  | {
      readonly kind: "indexed";
      readonly register: number;
      readonly index: number;
      /** The factor for the index: 1, 2, 4 or 8. */
      readonly scale: number;
      readonly offset: bigint;
    }
);

/** The most arguments that libbpf's usdt.bpf.h supports. */
export const MOST_ARGUMENTS = 12;

/**
 * Parses the arguments of a USDT, such as `-4@%eax 8@-16(%rbp) 4@$71`. They are written in the assembler syntax of the
 * architecture. Throws UsageError for an unknown form.
 */
export function parseUsdtArguments(text: string, arch: string = process.arch): UsdtArgument[] {
  const form = FORMS[arch];
  if (form === undefined) throw new UsageError(`bpfts cannot read USDT arguments on ${arch}`);
  const out: UsdtArgument[] = [];
  let rest = text.trim();
  while (rest !== "") {
    if (out.length === MOST_ARGUMENTS)
      throw new UsageError(`the USDT has more than ${MOST_ARGUMENTS} arguments: "${text}"`);
    const [whole, sign, size] = /^(-?)([1248])\s*@\s*/.exec(rest) ?? [];
    const place = whole === undefined ? undefined : form(rest.slice(whole.length), arch);
    if (whole === undefined || place === undefined) {
      throw new UsageError(
        `bpfts cannot read USDT argument ${out.length + 1} of "${text}": its form is unknown on ${arch}`,
      );
    }
    out.push({ ...place.argument, size: Number(size), signed: sign === "-" });
    rest = rest.slice(whole.length + place.length).trim();
  }
  return out;
}

type Place = UsdtArgument extends infer A ? (A extends unknown ? Omit<A, "size" | "signed"> : never) : never;
/** Parses the location at the start of a text. Returns the location, and how many characters of the text it takes. */
type Form = (text: string, arch: string) => { readonly argument: Place; readonly length: number } | undefined;

/**
 * Returns a parser that tries the patterns one after the other. A match must be followed by a space or by the end of
 * the text.
 */
function oneOf(...patterns: readonly [RegExp, (groups: readonly string[], arch: string) => Place | undefined][]): Form {
  return (text, arch) => {
    for (const [pattern, make] of patterns) {
      const found = pattern.exec(text);
      if (found === null) continue;
      const [whole, ...groups] = found;
      if (!/^(\s|$)/.test(text.slice(whole.length))) continue;
      const argument = make(groups, arch);
      if (argument !== undefined) return { argument, length: whole.length };
    }
    return undefined;
  };
}

function inRegister([name = ""]: readonly string[], arch: string): Place | undefined {
  const register = registerOffset(name, arch);
  return register === undefined ? undefined : { kind: "register", register };
}

function inMemory(name = "", offset: string | undefined, arch: string): Place | undefined {
  const register = registerOffset(name, arch);
  return register === undefined ? undefined : { kind: "memory", register, offset: number(offset) };
}

function constant([value]: readonly string[]): Place {
  return { kind: "constant", value: number(value) };
}

function number(text: string | undefined): bigint {
  if (text === undefined || text === "") return 0n;
  return text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text);
}

const FORMS: Readonly<Record<string, Form>> = {
  x64: oneOf(
    [
      /^(-?\d+)?\s*\(\s*%(\w+)\s*,\s*%(\w+)\s*(?:,\s*([1248])\s*)?\)/,
      ([offset, base = "", other = "", scale], arch) => {
        const register = registerOffset(base, arch);
        const index = registerOffset(other, arch);
        if (register === undefined || index === undefined) return undefined;
        return { kind: "indexed", register, index, scale: Number(scale ?? 1), offset: number(offset) };
      },
    ],
    [/^(-?\d+)?\s*\(\s*%(\w+)\s*\)/, ([offset, name], arch) => inMemory(name, offset, arch)],
    [/^%(\w+)/, inRegister],
    [/^\$(-?\d+)/, constant],
  ),
  arm64: oneOf(
    [/^\[\s*(\w+)\s*(?:,\s*(-?\d+)\s*)?\]/, ([name, offset], arch) => inMemory(name, offset, arch)],
    [/^(-?\d+)/, constant],
    [/^([a-z]\w*)/, inRegister],
  ),
  riscv64: oneOf(
    [/^(-?\d+)\s*\(\s*(\w+)\s*\)/, ([offset, name], arch) => inMemory(name, offset, arch)],
    [/^(-?\d+)/, constant],
    [/^([a-z]\w*)/, inRegister],
  ),
};
