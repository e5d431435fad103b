import { accessSync, closeSync, constants, fstatSync, openSync, statSync } from "node:fs";
import { type ElfFile, isOfLinkageTable, parseElf, SectionType } from "../../elf/index.ts";
import { UsageError } from "../../errors/index.ts";
import { nodeError } from "../../sys/index.ts";
import { FilePieces } from "./file-pieces.ts";
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
 * Only headers, symbols, notes and the stubs of imported functions are read, however large the file is. Throws UsageError
 * if there is none, FormatError if it is no ELF file.
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
    throw nodeError(error, path);
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

/** Reads the headers and the wanted sections, each byte once, so that the file can be closed. */
function readSparsely(fd: number, start: number, size: number, source: string): ElfFile {
  const pieces = new FilePieces(fd, { start, size, source });
  const elf = parseElf(pieces, source);
  // The program headers are read when they are first asked for.
  void elf.segments;
  const wanted = elf.sections.filter((one) => WANTED.has(one.type) || isOfLinkageTable(one));
  pieces.load(
    wanted.map(({ offset, size }) => ({ at: offset, size })).filter((one) => one.at + one.size <= elf.length),
  );
  return elf;
}
