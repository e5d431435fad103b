import { dirname } from "node:path";
import { type Btf, dedupBtf, mergeBtf, type TypeId } from "../../btf/index.ts";
import { Errno } from "../../errors/index.ts";
import { loadedBtf } from "../../kernel/index.ts";
import { btfGetFdById, btfInfo, kernelBtfPath, mapInfo, OwnedFd, progInfo } from "../../sys/index.ts";
import { CommandError, EXIT_INVALID, exitCodeOf } from "../failure/command-error.ts";
import { failedTo } from "../failure/reason.ts";
import { takeMap } from "../handle/map.ts";
import { takeProgram } from "../handle/program.ts";
import { warnOf } from "../output/write.ts";
import type { Options } from "../words/options.ts";
import { begins, parseU32, type Words } from "../words/words.ts";
import { baseOf, btfOfFile, inBtf, kernelBase } from "./file.ts";

/** The BTF that the user named in `btf dump`. */
export interface BtfSource {
  /** Reads the BTF. Call it once. */
  read(): Btf;
  /** If the source is a map, the types of its key and value that the user chose. Undefined for all types. */
  readonly roots?: readonly TypeId[];
}

/**
 * Takes `{ id BTF_ID | prog PROG | map MAP [{ key | value | kv | all }] | file FILE [file FILE]… }`. This function
 * already reads the files. {@link BtfSource.read} reads the other sources.
 */
export function takeSource(words: Words, options: Options): BtfSource {
  words.need(2);
  const word = words.peek ?? "";
  if (words.takeKeyword("map")) return mapSource(words, options);
  if (words.takeKeyword("prog")) return programSource(words, options);
  if (words.takeKeyword("id")) return idSource(parseU32(words.take("a number"), "ID"), options);
  if (words.takeKeyword("file")) return fileSource(words, options);
  const typo = { word, names: ["id", "prog", "map", "file"] };
  throw new CommandError(`unrecognized BTF source specifier: '${word}'`, { typo });
}

const MAP_PARTS = ["key", "value", "all", "kv"] as const;

function mapSource(words: Words, options: Options): BtfSource {
  words.need(2);
  using fd = takeMap(words, "read");
  const info = mapInfo(fd.number);
  const part = MAP_PARTS.find((name) => words.takeKeyword(name)) ?? "kv";
  const key = part === "key" || part === "kv" ? [info.btf_key_type_id] : [];
  const value = part === "value" || part === "kv" ? [info.btf_value_type_id] : [];
  const source = ownBtf(`map ${info.id}`, info.btf_id, options);
  return part === "all" ? source : { ...source, roots: [...key, ...value] };
}

function programSource(words: Words, options: Options): BtfSource {
  words.need(2);
  using fd = takeProgram(words);
  const { id, btf_id } = progInfo(fd.number);
  return ownBtf(`program ${id}`, btf_id, options);
}

/** Returns the BTF with which a program or map was created. */
function ownBtf(owner: string, id: number, options: Options): BtfSource {
  if (id !== 0) return idSource(id, options);
  throw new CommandError(`${owner} has no BTF`, { exitCode: exitCodeOf(Errno.ENOENT) });
}

function idSource(id: number, options: Options): BtfSource {
  const { baseBtf } = options;
  return {
    read: () => {
      const fails = `get btf by id (${id})`;
      try {
        using fd = new OwnedFd(btfGetFdById(id), `BTF ${id}`);
        const { kernel_btf, name } = btfInfo(fd.number);
        const isModule = kernel_btf && name !== "vmlinux";
        if (isModule && baseBtf === undefined) {
          warnOf(options)(
            `Warning: valid base BTF was not specified with -B option, falling back to standard base BTF (${kernelBtfPath()})\n`,
          );
        }
        const base = baseBtf === undefined ? (isModule ? kernelBase() : undefined) : baseOf(baseBtf);
        const btf = inBtf(() => loadedBtf(id, base));
        if (btf !== undefined) return btf;
      } catch (error) {
        throw failedTo(fails, error, { errnoExit: true });
      }
      throw new CommandError(`${fails}: it is gone`, { exitCode: exitCodeOf(Errno.ENOENT) });
    },
  };
}

const MOST_FILES = 64;

/**
 * Takes `FILE [file FILE]…`. Several files are merged into one BTF, without duplicate types. The base is the file of
 * the option -B. Without -B, the base of a module's BTF in sysfs is the kernel's BTF. If the kernel's file is named
 * together with other files, it is not merged: without -B, it is the base of the others.
 */
function fileSource(words: Words, options: Options): BtfSource {
  const { baseBtf } = options;
  const named = [words.take("a file")];
  while (begins(words.peek ?? "", "file")) {
    words.takeKeyword("file");
    words.need(1, { exitCode: EXIT_INVALID });
    named.push(words.take("a file"));
  }
  const kernel = kernelBtfPath();
  const others = named.filter((path) => path !== kernel);
  if (others.length > MOST_FILES) {
    throw new CommandError(`too many BTF files (max ${MOST_FILES})`, { exitCode: exitCodeOf(Errno.E2BIG) });
  }
  const files = others.length === 0 ? [kernel] : others;
  const hasKernelBase = others.length > 0 && others.length < named.length;
  if (hasKernelBase) warnOf(options)(`skipping ${kernel} (will be loaded as base)\n`);
  const base = baseBtf === undefined ? kernelBaseOf(others, hasKernelBase) : baseOf(baseBtf);
  if (files.length > 1 && base === undefined) {
    throw new CommandError(
      "base BTF is required when merging multiple BTF files; use -B/--base-btf or use sysfs paths",
      { exitCode: EXIT_INVALID },
    );
  }
  const parts = files.map((path) => btfOfFile(path, base));
  const btf = parts.length === 1 ? (parts[0] as Btf) : inBtf(() => dedupBtf(mergeBtf(parts, { base })));
  return { read: () => btf };
}

/**
 * Returns the kernel's BTF if the user named it together with other files, or if one of the files is a module's BTF in
 * sysfs. Undefined otherwise.
 */
function kernelBaseOf(files: readonly string[], isNamed: boolean): Btf | undefined {
  const folder = dirname(kernelBtfPath());
  return isNamed || files.some((path) => dirname(path) === folder) ? kernelBase() : undefined;
}
