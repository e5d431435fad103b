import { readFileSync, realpathSync } from "node:fs";
import { type ElfFile, ElfMachine, ElfType, readUsdtNotes, SegmentFlag, segmentAt } from "../../../elf/index.ts";
import { NotSupportedError, UsageError } from "../../../errors/index.ts";
import { feature } from "../../../kernel/index.ts";
import type { Executable } from "../open-executable.ts";

/** One place in the code where a USDT fires. All offsets are offsets in the file. */
export interface UsdtTarget {
  readonly offset: number;
  /** The offset of the semaphore that enables the USDT; 0 if the USDT has no semaphore. */
  readonly semaphore: number;
  /** The arguments in assembler syntax. */
  readonly arguments: string;
  /** The address in memory. On kernels without cookies, the program looks up its arguments by this address. */
  readonly address: bigint;
}

const MACHINES: Readonly<Record<string, number>> = {
  x64: ElfMachine.EM_X86_64,
  arm64: ElfMachine.EM_AARCH64,
  riscv64: ElfMachine.EM_RISCV,
};

/**
 * Finds all places in an executable or library where a USDT fires. Throws UsageError if there is no USDT with this
 * name. If `addresses.needed` is true, the addresses of a library are those at which the process `addresses.pid` has
 * loaded it. Otherwise the addresses are those in the file.
 */
export function findUsdt(
  { elf, path, start }: Executable,
  provider: string,
  name: string,
  addresses: { readonly needed: boolean; readonly pid: number | undefined },
): UsdtTarget[] {
  if (elf.machine !== MACHINES[process.arch] || !elf.little || elf.bits !== 64) {
    throw new UsageError(`${elf.source} is built for another processor than the one of this machine`);
  }
  if (elf.type !== ElfType.ET_EXEC && elf.type !== ElfType.ET_DYN) {
    throw new UsageError(`${elf.source} is not a program or a library`);
  }
  const notes = readUsdtNotes(elf);
  if (notes.length === 0) throw new UsageError(`${elf.source} has no USDTs: its section .note.stapsdt is missing`);
  const found = notes.filter((note) => note.provider === provider && note.name === name);
  if (found.length === 0) {
    const names = [...new Set(notes.map((note) => `${note.provider}:${note.name}`))];
    const shown = names.slice(0, 8).join(", ") + (names.length > 8 ? ", …" : "");
    throw new UsageError(`${elf.source} has no USDT ${provider}:${name}; it has ${shown}`);
  }
  const isMoved = elf.type === ElfType.ET_DYN && addresses.needed;
  const mappings = isMoved ? mappingsOf(path, addresses.pid) : [];
  return found.map((note) => {
    const offset = offsetOf(elf, note.address, true);
    return {
      offset,
      semaphore: note.semaphore === 0 ? 0 : offsetOf(elf, note.semaphore, false),
      arguments: note.arguments,
      address: isMoved ? addressIn(mappings, start + offset, path) : BigInt(note.address),
    };
  });
}

function offsetOf(elf: ElfFile, address: number, isCode: boolean): number {
  const segment = segmentAt(elf.segments, address);
  const what = isCode ? "USDT" : "semaphore";
  if (segment === undefined) {
    throw new UsageError(
      `${elf.source}: the address 0x${address.toString(16)} of a ${what} lies in none of the file's segments`,
    );
  }
  if (((segment.flags & SegmentFlag.PF_X) !== 0) !== isCode) {
    throw new UsageError(
      `${elf.source}: the address 0x${address.toString(16)} of a ${what} lies in a segment that is ${isCode ? "not " : ""}executable`,
    );
  }
  return address - segment.address + segment.offset;
}

interface Mapping {
  readonly start: bigint;
  readonly end: bigint;
  readonly offset: bigint;
}

/** Returns the executable mappings of a file in a process. */
function mappingsOf(path: string, pid: number | undefined): Mapping[] {
  if (pid === undefined) {
    throw new NotSupportedError({
      feature: "USDTs of libraries in all processes",
      minVersion: feature("cookie:perf_event").since,
      detail: `give the pid of a process that has mapped ${path}`,
    });
  }
  const inRoot = /^\/proc\/\d+\/root(\/.*)$/.exec(path)?.[1];
  const wanted = inRoot ?? realpathSync(path);
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/maps`, "utf8");
  } catch (error) {
    throw new UsageError(`there is no process ${pid}`, { cause: error });
  }
  const out: Mapping[] = [];
  for (const line of text.split("\n")) {
    const [, start, end, mode, offset, file] =
      /^([\da-f]+)-([\da-f]+) (\S+) ([\da-f]+) \S+ \d+ +(\S.*)$/.exec(line) ?? [];
    if (file !== wanted || mode?.[2] !== "x") continue;
    out.push({ start: BigInt(`0x${start}`), end: BigInt(`0x${end}`), offset: BigInt(`0x${offset}`) });
  }
  if (out.length === 0) throw new UsageError(`process ${pid} has not mapped ${wanted}`);
  return out;
}

function addressIn(mappings: readonly Mapping[], offset: number, path: string): bigint {
  const at = BigInt(offset);
  const mapping = mappings.find((one) => at >= one.offset && at < one.offset + one.end - one.start);
  if (mapping === undefined)
    throw new UsageError(`the process has not mapped the USDT at ${path}:0x${at.toString(16)}`);
  return mapping.start + at - mapping.offset;
}
