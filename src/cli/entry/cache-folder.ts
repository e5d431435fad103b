import { dirname, join } from "node:path";

/**
 * Where what is slow to find is kept for the next command: beside the file of the package that runs, and as safe as it.
 * Undefined with `BPFTS_CODE_CACHE=0`.
 */
export function cacheFolder(file: string): string | undefined {
  return process.env.BPFTS_CODE_CACHE === "0" ? undefined : join(dirname(file), "cache");
}
