import { readFileSync } from "node:fs";
import { UsageError } from "../errors/index.ts";

/** The bytes of a file that must hold something; `expected` says what. Throws UsageError with the reason in words. */
export function readUserFile(path: string, expected: string): Buffer {
  let data: Buffer;
  try {
    data = readFileSync(path);
  } catch (error) {
    const reason = REASONS[(error as NodeJS.ErrnoException).code ?? ""] ?? String(error);
    throw new UsageError(`${path} cannot be read: ${reason}`, { cause: error });
  }
  if (data.length === 0) throw new UsageError(`${path} is empty: ${expected} is expected`);
  return data;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a directory",
  EACCES: "permission denied",
  ENOTDIR: "a part of the path is not a directory",
  ELOOP: "its symbolic links go in circles",
};
