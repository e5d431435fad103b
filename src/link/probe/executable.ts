import { accessSync, closeSync, constants, fstatSync, openSync, readSync, statSync } from "node:fs";
import { type ElfFile, isOfLinkageTable, parseElf, SectionType } from "../../elf/index.ts";
import { UsageError } from "../../errors/index.ts";
import { findZipEntry } from "./zip.ts";

/** A program or library that uprobes are put into. */
export interface Executable {
  /** The file for the kernel: the archive, if it is in one. */
  readonly path: string;
  readonly elf: ElfFile;
  /** Where in the file at `path` the executable begins, in bytes; 0 unless it is in an archive. */
  readonly start: number;
}

/** Debian's name of an architecture, in the path of its libraries. */
const LIBRARIES: Readonly<Record<string, string>> = {
  x64: "/lib/x86_64-linux-gnu",
  arm64: "/lib/aarch64-linux-gnu",
  riscv64: "/lib/riscv64-linux-gnu",
};

/**
 * The path of a program or library. A name without a `/` is searched for as libbpf does: one with `.so` in
 * LD_LIBRARY_PATH and the usual directories of libraries, others in PATH. Throws UsageError if there is none.
 */
export function resolveBinary(name: string): string {
  if (name === "") throw new UsageError("say the program or library: its path, or a name such as libc.so.6");
  if (name.includes("/")) return name;
  const isLibrary = name.endsWith(".so") || name.includes(".so.");
  const paths = isLibrary
    ? [process.env.LD_LIBRARY_PATH, "/usr/lib64:/usr/lib", LIBRARIES[process.arch]]
    : [process.env.PATH, "/usr/bin:/usr/sbin"];
  const directories = paths.flatMap((one) => (one ?? "").split(":")).filter((one) => one !== "");
  for (const directory of directories) {
    const path = `${directory}/${name}`;
    try {
      accessSync(path, isLibrary ? constants.R_OK : constants.R_OK | constants.X_OK);
      return path;
    } catch {
      // The next one may have it.
    }
  }
  throw new UsageError(`there is no ${isLibrary ? "library" : "program"} ${name} in ${directories.join(", ")}`);
}

/**
 * Opens a program or library by path or name, or one that is kept uncompressed in a zip archive (`app.apk!/lib/x.so`).
 * Only headers, symbols, notes and the stubs of imported functions are read, however large the file. Throws UsageError if there is none, FormatError if
 * it is no ELF file.
 */
export function openExecutable(name: string): Executable {
  const separator = name.indexOf("!/");
  const path = separator < 0 ? resolveBinary(name) : name.slice(0, separator);
  const fd = open(path);
  try {
    const size = fstatSync(fd).size;
    const entry = separator < 0 ? { start: 0, size } : findZipEntry(fd, size, name.slice(separator + 2), path);
    return { path, elf: readSparsely(fd, entry.start, entry.size, name), start: entry.start };
  } finally {
    closeSync(fd);
  }
}

function open(path: string): number {
  try {
    if (statSync(path).isDirectory()) throw new UsageError(`${path} is a directory, not a program or library`);
    return openSync(path, "r");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new UsageError(`there is no file ${path}`, { cause: error });
    if (code === "EACCES") throw new UsageError(`${path} cannot be read: permission denied`, { cause: error });
    throw error;
  }
}

/** What symbol tables and notes need; code and data stay in the file. */
const WANTED: ReadonlySet<number> = new Set([
  SectionType.SHT_SYMTAB,
  SectionType.SHT_DYNSYM,
  SectionType.SHT_STRTAB,
  SectionType.SHT_SYMTAB_SHNDX,
  SectionType.SHT_NOTE,
  SectionType.SHT_GNU_verdef,
  SectionType.SHT_GNU_versym,
]);

/** The file with zeros for what is not wanted: memory that is never touched costs nothing. */
function readSparsely(fd: number, start: number, size: number, source: string): ElfFile {
  const data = new Uint8Array(size);
  const read = (at: number, length: number): void => {
    for (let done = 0; done < length; ) {
      const count = readSync(fd, data, at + done, Math.min(length, size - at) - done, start + at + done);
      if (count <= 0) return;
      done += count;
    }
  };
  read(0, Math.min(size, 64));
  const head = new DataView(data.buffer);
  if (size >= 64 && head.getUint32(0) === 0x7f454c46 && data[4] === 2) {
    // e_phoff and e_shoff of a 64-bit file. One of 32 bits is small enough to be read whole.
    const little = data[5] === 1;
    for (const [at, counts] of [
      [32, 54],
      [40, 58],
    ] as const) {
      const offset = Number(head.getBigUint64(at, little));
      const length = head.getUint16(counts, little) * head.getUint16(counts + 2, little);
      // More sections than a u16 counts stand in the first section's header.
      if (offset > 0 && offset < size) read(offset, Math.min(Math.max(length, 64), size - offset));
    }
    const shoff = Number(head.getBigUint64(40, little));
    const names = head.getUint16(62, little);
    const isEscaped = head.getUint16(60, little) === 0 || names === 0xffff;
    const namesAt = shoff + names * 64;
    if (shoff > 0 && !isEscaped && namesAt + 64 <= size) {
      const section = new DataView(data.buffer, namesAt, 64);
      const offset = Number(section.getBigUint64(24, little));
      const length = Number(section.getBigUint64(32, little));
      if (offset < size) read(offset, Math.min(length, size - offset));
      const elf = parseElf(data, source);
      for (const one of elf.sections) {
        const isWanted = WANTED.has(one.type) || isOfLinkageTable(one);
        if (isWanted && one.offset < size) read(one.offset, Math.min(one.size, size - one.offset));
      }
      return elf;
    }
  }
  read(0, size);
  return parseElf(data, source);
}
