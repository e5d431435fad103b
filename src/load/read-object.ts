import { basename } from "node:path";
import { readUserFile } from "../kernel/index.ts";
import { type ObjectSpec, type ParseObjectOptions, parseObject } from "../object/index.ts";

/**
 * Reads a BPF object file from a path or from its bytes. Nothing of the kernel is asked.
 * Throws UsageError if the file cannot be read, FormatError if it is not a BPF object.
 */
export function readObject(file: string | Uint8Array, options: ParseObjectOptions = {}): ObjectSpec {
  if (typeof file !== "string") return parseObject(file, options);
  return parseObject(readUserFile(file, "a BPF object file"), { source: file, name: objectName(file), ...options });
}

/** The object's name is that of its file up to the first dot, as libbpf has it. */
function objectName(path: string): string {
  const [name = ""] = basename(path).split(".");
  return name;
}
