import { accessSync, closeSync, constants, fstatSync, openSync, statSync } from "node:fs";
import { type ElfFile, isOfLinkageTable, parseElf, SectionType } from "../../elf/index.ts";
import { UsageError } from "../../errors/index.ts";
import { nodeError } from "../../sys/index.ts";
import { FilePieces } from "./file-pieces.ts";
import { findZipEntry } from "./zip.ts";

/** An executable or library to attach uprobes to. */
export interface Executable {
  /** The file that is passed to the kernel. For a library in an archive, it is the archive. */
  readonly path: string;
  readonly elf: ElfFile;
  /** The byte offset of the executable in that file. It is 0 unless the executable is in an archive. */
  readonly start: number;
}

/** Debian's library directory on each architecture. */
const LIBRARIES: Readonly<Record<string, string>> = {
  x64: "/lib/x86_64-linux-gnu",
  arm64: "/lib/aarch64-linux-gnu",
  riscv64: "/lib/riscv64-linux-gnu",
};

/**
 * Returns the path of an executable or library. A name without a `/` is searched for as in libbpf: a name with `.so` in
 * LD_LIBRARY_PATH and the usual library directories, any other name in PATH. Throws UsageError if the file is not
 * found.
 */
export function resolveBinary(name: string): string {
  if (name === "") throw new UsageError("give the program or library by its path, or by a name such as libc.so.6");
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
      // The file is not in this directory. Try the next one.
    }
  }
  throw new UsageError(`there is no ${isLibrary ? "library" : "program"} ${name} in ${directories.join(", ")}`);
}

/**
 * Opens an executable or library by path or name. It also opens an uncompressed library in a zip archive
 * (`app.apk!/lib/x.so`). Reads only headers, symbols, notes and the stubs of imported functions, not the whole file.
 * Throws UsageError if the file does not exist, and FormatError if it is not an ELF file.
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

/** The sections that are needed to look up symbols and USDTs. Code and data are not read. */
const WANTED: ReadonlySet<number> = new Set([
  SectionType.SHT_SYMTAB,
  SectionType.SHT_DYNSYM,
  SectionType.SHT_STRTAB,
  SectionType.SHT_SYMTAB_SHNDX,
  SectionType.SHT_NOTE,
  SectionType.SHT_GNU_verdef,
  SectionType.SHT_GNU_versym,
]);

/** Reads the headers and the wanted sections, each byte only once. The caller can close the file afterwards. */
function readSparsely(fd: number, start: number, size: number, source: string): ElfFile {
  const pieces = new FilePieces(fd, { start, size, source });
  const elf = parseElf(pieces, source);
  // This access loads the program headers while the file is still open.
  void elf.segments;
  const wanted = elf.sections.filter((one) => WANTED.has(one.type) || isOfLinkageTable(one));
  pieces.load(
    wanted.map(({ offset, size }) => ({ at: offset, size })).filter((one) => one.at + one.size <= elf.length),
  );
  return elf;
}
