import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { UsageError } from "../errors/index.ts";
import { type ObjectSpec, type ParseObjectOptions, parseObject } from "../object/index.ts";

/**
 * Reads a BPF object file from a path or from its bytes. Nothing of the kernel is asked.
 * Throws UsageError if the file cannot be read, FormatError if it is not a BPF object.
 */
export function readObject(file: string | Uint8Array, options: ParseObjectOptions = {}): ObjectSpec {
  if (typeof file !== "string") return parseObject(file, options);
  return parseObject(readObjectFile(file), { source: file, name: objectName(file), ...options });
}

/** The object's name is that of its file up to the first dot, as libbpf has it. */
function objectName(path: string): string {
  const [name = ""] = basename(path).split(".");
  return name;
}

function readObjectFile(path: string): Uint8Array {
  let data: Buffer;
  try {
    data = readFileSync(path);
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${REASONS[(error as NodeJS.ErrnoException).code ?? ""] ?? error}`, {
      cause: error,
    });
  }
  if (data.length === 0) throw new UsageError(`${path} is empty: a BPF object file is expected`);
  return data;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a directory",
  EACCES: "permission denied",
  ENOTDIR: "a part of the path is not a directory",
  ELOOP: "its symbolic links go in circles",
};
