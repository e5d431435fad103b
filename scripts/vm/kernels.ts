import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** The kernels on which the tests run by default. ON_DEMAND lists those that users must name. */
export const KERNELS = ["5.10", "6.1", "6.12", "7.2"] as const;
export const ON_DEMAND = ["7.3", "s390x", "arm64"] as const;
export type KernelName = (typeof KERNELS)[number] | (typeof ON_DEMAND)[number];

/** A kernel in the cache. */
export interface Kernel {
  readonly name: KernelName;
  /** The output of `uname -r` on this kernel. */
  readonly release: string;
  readonly machine: "x86_64" | "s390x" | "aarch64";
  readonly image: string;
  readonly config: string;
  /** The directory with the kernel's uncompressed modules. */
  readonly modules: string;
}

export function isKernelName(word: string): word is KernelName {
  return ([...KERNELS, ...ON_DEMAND] as readonly string[]).includes(word);
}

/**
 * Returns the folder with the downloaded kernels: BPFTS_VM_CACHE, which several working trees can share, or
 * `.cache/vm`.
 */
export function cacheFolder(): string {
  return resolve(process.env.BPFTS_VM_CACHE ?? ".cache/vm");
}

/** Downloads the kernels that are not in the cache yet. Returns all of the named kernels. */
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
