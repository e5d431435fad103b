import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { kernelBtfPath, kernelBuildId, replaceFile } from "../sys/index.ts";

/** What was found in a kernel's BTF, by what was asked: a type's id or a member's place in bits; null for what is not there. */
export type KeptTypes = Map<string, number | null>;

let folder: string | undefined;

/**
 * Keeps what the library's own iterator programs need of the kernel's BTF in a folder, which is made if need be: a process
 * of 60 ms spends 10 of them to find it again. A file is of one build of the kernel. Whoever can write there can make those
 * programs tell nonsense, so it must be as safe as the code itself.
 */
export function keepKernelTypes(path: string): void {
  folder = path;
}

/** What an earlier process kept of the running kernel; undefined where nothing was, or none is to be kept. */
export function readKeptTypes(): KeptTypes | undefined {
  const path = keptFile();
  if (path === undefined) return undefined;
  try {
    return new Map(Object.entries(JSON.parse(readFileSync(path, "utf8")) as Record<string, number | null>));
  } catch {
    return undefined;
  }
}

/** Keeps it for the next process, where that is possible: a read-only package is no fault. */
export function writeKeptTypes(types: KeptTypes): void {
  const path = keptFile();
  if (path === undefined) return;
  try {
    replaceFile(path, JSON.stringify(Object.fromEntries(types)));
  } catch {
    // The next process searches again.
  }
}

function keptFile(): string | undefined {
  if (folder === undefined) return undefined;
  const build = kernelBuildId();
  const size = statSync(kernelBtfPath(), { throwIfNoEntry: false })?.size;
  return build === undefined || size === undefined ? undefined : join(folder, `kernel-types-${build}-${size}.json`);
}
