import { closeSync, openSync, readSync } from "node:fs";
import { decodeText } from "../layout/index.ts";

// Reading all of /proc/kallsyms takes time quadratic in the number of loaded programs (2 s for 10,000 programs). The
// symbols of programs come last. So these functions read the file in pieces, compare bytes, and stop as soon as they
// have found everything.

const PATH = "/proc/kallsyms";
const CHUNK = 0x10000;
const NEWLINE = 10;
const TAB = 9;
/** The columns of the type and the name. A line begins with 16 digits (`%px`) and a space. */
const TYPE_AT = 17;
const NAME_AT = 19;

/** One line of /proc/kallsyms. */
export interface KernelSymbol {
  /** The address; 0 if this process may not see addresses (kernel.kptr_restrict). */
  readonly address: bigint;
  /** The type letter, as in nm(1): `T` or `t` for code. */
  readonly type: string;
  readonly name: string;
  /** The module; `bpf` for a program; undefined for the kernel itself. */
  readonly module: string | undefined;
}

/**
 * Yields all symbols in the kernel's order; none if the file cannot be opened. End the loop early: reading the whole
 * file is slow.
 */
export function* kernelSymbols(): Generator<KernelSymbol, void, undefined> {
  for (const { data, ends, count } of pieces()) {
    for (let i = 0, start = 0; i < count; i++) {
      const end = ends[i] as number;
      yield decodeLine(data, start, end);
      start = end + 1;
    }
  }
}

/** Yields the names of the functions of the kernel and its modules, in the kernel's order. */
export function* kernelFunctionNames(): Generator<string, void, undefined> {
  for (const { data, ends, count } of pieces()) {
    for (let i = 0, start = 0; i < count; i++) {
      const end = ends[i] as number;
      // Functions have the type `t`, `T`, `w` or `W`.
      const type = (data[start + TYPE_AT] as number) | 32;
      if (type === 116 || type === 119) {
        const from = start + NAME_AT;
        const to = nameEnd(data, from, end);
        if (to < end && isBpf(data, to)) return;
        yield decodeText(data, from, to);
      }
      start = end + 1;
    }
  }
}

/**
 * Returns, for each name, the first symbol of this name. Names that do not exist are absent. Stops reading when all
 * names are found.
 */
export function kernelSymbolsByName(names: Iterable<string>): Map<string, KernelSymbol> {
  const wanted = new Set(names);
  const lengths = new Set([...wanted].map((name) => Buffer.byteLength(name)));
  const found = new Map<string, KernelSymbol>();
  if (wanted.size === 0) return found;
  for (const { data, ends, count } of pieces()) {
    for (let i = 0, start = 0; i < count; i++) {
      const end = ends[i] as number;
      const from = start + NAME_AT;
      const to = nameEnd(data, from, end);
      if (lengths.has(to - from)) {
        const name = decodeText(data, from, to);
        if (wanted.delete(name)) {
          found.set(name, decodeLine(data, start, end));
          if (wanted.size === 0) return found;
        }
      }
      start = end + 1;
    }
  }
  return found;
}

/**
 * Returns, for each name, the different addresses of this name in the kernel and its modules. Names that do not exist
 * are absent. Stops at the symbols of BPF programs, which come last. Like libbpf, it also finds a variable by its
 * original name if Clang's LTO renamed it to `name.llvm.123`.
 */
export function kernelSymbolAddresses(names: Iterable<string>): Map<string, Set<bigint>> {
  const wanted = new Set(names);
  const lengths = new Set([...wanted].map((name) => Buffer.byteLength(name)));
  const found = new Map<string, Set<bigint>>();
  if (wanted.size === 0) return found;
  for (const { data, ends, count } of pieces()) {
    for (let i = 0, start = 0; i < count; i++) {
      const end = ends[i] as number;
      const from = start + NAME_AT;
      let to = from;
      let dot = -1;
      while (to < end && data[to] !== TAB) {
        if (data[to] === DOT && dot < 0) dot = to;
        to++;
      }
      if (to < end && isBpf(data, to)) return found;
      const renamed = dot >= 0 && data[start + TYPE_AT] === SMALL_D && lengths.has(dot - from);
      if (renamed || lengths.has(to - from)) {
        const whole = decodeText(data, from, to);
        const name = renamed && whole.startsWith(".llvm.", dot - from) ? whole.slice(0, dot - from) : whole;
        if (wanted.has(name)) {
          const addresses = found.get(name) ?? new Set();
          found.set(name, addresses.add(decodeLine(data, start, end).address));
        }
      }
      start = end + 1;
    }
  }
  return found;
}
const DOT = 46;
const SMALL_D = 100;

/** Returns the end of a name: the end of the line, or the tab before the module's name. */
function nameEnd(data: Uint8Array, from: number, end: number): number {
  let to = from;
  while (to < end && data[to] !== TAB) to++;
  return to;
}

/** Returns true if `[bpf]` follows the name: the symbol then belongs to a BPF program. */
function isBpf(data: Uint8Array, at: number): boolean {
  return (
    data[at + 1] === 91 && data[at + 2] === 98 && data[at + 3] === 112 && data[at + 4] === 102 && data[at + 5] === 93
  );
}

/** Returns the first symbol at each of these addresses, if there is one. Stops reading when all addresses are found. */
export function kernelSymbolsByAddress(addresses: Iterable<bigint>): Map<bigint, KernelSymbol> {
  // Compare the lower 32 bits first, as a number. This rules out most lines.
  const wanted = new Map<number, Set<bigint>>();
  let left = 0;
  for (const address of addresses) {
    const low = Number(address & 0xffffffffn);
    const set = wanted.get(low) ?? new Set();
    if (address === 0n || set.has(address)) continue;
    wanted.set(low, set.add(address));
    left += 1;
  }
  const found = new Map<bigint, KernelSymbol>();
  if (left === 0) return found;
  for (const { data, ends, count } of pieces()) {
    for (let i = 0, start = 0; i < count; i++) {
      const end = ends[i] as number;
      if (wanted.has(lowWord(data, start))) {
        const symbol = decodeLine(data, start, end);
        if (wanted.get(Number(symbol.address & 0xffffffffn))?.delete(symbol.address) === true) {
          found.set(symbol.address, symbol);
          left -= 1;
          if (left === 0) return found;
        }
      }
      start = end + 1;
    }
  }
  return found;
}

/** Parses the last eight of the sixteen digits that begin at `start` (the kernel prints `%px`). */
function lowWord(data: Uint8Array, start: number): number {
  let word = 0;
  for (let at = start + 8; at < start + 16; at++) {
    const c = data[at] as number;
    word = (word << 4) | (c <= 57 ? c - 48 : c - 87);
  }
  return word >>> 0;
}

function decodeLine(data: Uint8Array, start: number, end: number): KernelSymbol {
  const [address = "0", type = "", rest = ""] = decodeText(data, start, end).split(" ", 3);
  const [name = "", module] = rest.split("\t");
  return { address: BigInt(`0x${address}`), type, name, module: module?.replace(/^\[|\]$/g, "") };
}

interface Piece {
  readonly data: Uint8Array;
  /** The offsets of the newlines, one for each complete line. */
  readonly ends: Uint32Array;
  readonly count: number;
}

function* pieces(): Generator<Piece, void, undefined> {
  let fd: number;
  try {
    fd = openSync(PATH, "r");
  } catch {
    return;
  }
  const data = new Uint8Array(CHUNK);
  const ends = new Uint32Array(CHUNK / 16);
  try {
    let length = 0;
    for (;;) {
      const read = readSync(fd, data, length, CHUNK - length, null);
      if (read === 0) return;
      length += read;
      let count = 0;
      let start = 0;
      for (;;) {
        const end = data.indexOf(NEWLINE, start);
        if (end < 0 || end >= length || count === ends.length) break;
        ends[count++] = end;
        start = end + 1;
      }
      yield { data, ends, count };
      data.copyWithin(0, start, length);
      length -= start;
      // A line that fills the whole buffer cannot come from the kernel, because names have at most 512 bytes.
      if (length === CHUNK) return;
    }
  } finally {
    closeSync(fd);
  }
}
