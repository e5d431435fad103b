import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** The kernels that the tests run on, and those there on demand. */
export const KERNELS = ["5.10", "6.1", "6.12", "7.2"] as const;
export const ON_DEMAND = ["7.3", "s390x", "arm64"] as const;
export type KernelName = (typeof KERNELS)[number] | (typeof ON_DEMAND)[number];

/** A kernel in the cache. */
export interface Kernel {
  readonly name: KernelName;
  /** What `uname -r` says on it. */
  readonly release: string;
  readonly machine: "x86_64" | "s390x" | "aarch64";
  readonly image: string;
  readonly config: string;
  /** The tree of its modules, uncompressed. */
  readonly modules: string;
}

export function isKernelName(word: string): word is KernelName {
  return ([...KERNELS, ...ON_DEMAND] as readonly string[]).includes(word);
}

/** Where kernels are kept, outside git: BPFTS_VM_CACHE, so that several work trees share one, or `.cache/vm`. */
export function cacheFolder(): string {
  return resolve(process.env.BPFTS_VM_CACHE ?? ".cache/vm");
}

/** Brings the kernels that are not in the cache yet. */
export function bringKernels(names: readonly KernelName[]): Kernel[] {
  const cache = cacheFolder();
  const folderOf = (name: string): string => join(cache, "kernels", name);
  const missing = names.filter((name) => !existsSync(join(folderOf(name), "release")));
  if (missing.length > 0) {
    execFileSync("scripts/vm/kernels.sh", [cache, ...missing], { stdio: ["ignore", 2, 2] });
  }
  return names.map((name) => ({
    name,
    release: readFileSync(join(folderOf(name), "release"), "utf8").trim(),
    machine: name === "s390x" ? "s390x" : name === "arm64" ? "aarch64" : "x86_64",
    image: join(folderOf(name), "vmlinuz"),
    config: join(folderOf(name), "config"),
    modules: join(folderOf(name), "modules"),
  }));
}
