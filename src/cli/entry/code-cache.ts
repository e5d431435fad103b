import { closeSync, constants, fchmodSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { Script } from "node:vm";
import { type CacheFile, readCacheFile, writeCacheFile } from "../../sys/index.ts";
import { writeNote } from "../output/write.ts";
import type { Options } from "../words/options.ts";

/** After this many runs the cached code is no longer updated. */
const LEARNING_RUNS = 64;

/** A bundled file is one function expression. Running the file returns this function. */
type Program = (require: NodeJS.Require, filename: string) => void;

/**
 * Returns the path of the folder `cache` next to a file of the package. Returns undefined with `BPFTS_CODE_CACHE=0`.
 */
export function cacheFolder(file: string): string | undefined {
  return process.env.BPFTS_CODE_CACHE === "0" ? undefined : join(dirname(file), "cache");
}

/**
 * Returns a function that reports why a cache file was not used. That function writes the reason only with the option
 * `-d`.
 */
export function cacheWarning({ debug }: Options): (why: string) => void {
  return (why) => debug && writeNote(`cache: ${why}`);
}

/**
 * Runs a file of the package with V8's compiled code, which is cached in the folder `cache` next to the file. Without
 * the cache, compiling takes half of the time of a short command. V8's compiled code contains only functions that have
 * run. So the cache is updated after the first, second, fourth, eighth run and so on, up to the 64th: each time, it may
 * contain more functions. If the folder cannot be written, nothing is cached. With `BPFTS_CODE_CACHE=0` the cache is
 * neither read nor written. If cached code was not used, `onRejected` gets the reason.
 */
export function runScript(file: string, url: string, onRejected: (why: string) => void): void {
  const source = readFileSync(file, "latin1");
  const cacheFile = cacheFileOf(file, onRejected);
  const cachedData = cacheFile && readCacheFile(cacheFile);
  const script = new Script(source, { filename: file, cachedData });
  if (cacheFile !== undefined) {
    // V8 rejects code that was compiled with other flags.
    const isAccepted = cachedData !== undefined && script.cachedDataRejected !== true;
    process.on("exit", (code) => {
      if (code === 0) updateCache(script, cacheFile, isAccepted);
    });
  }
  (script.runInThisContext() as Program)(createRequire(url), file);
}

function cacheFileOf(file: string, onRejected: (why: string) => void): CacheFile | undefined {
  const folder = cacheFolder(file);
  if (folder === undefined) return undefined;
  // The file's name already contains a hash of the file's text, so the key need not contain one.
  const name = basename(file, ".js");
  const key = `${name} v8 ${process.versions.v8} ${process.version} ${process.arch}`;
  return { path: join(folder, `${name}-${process.version}-${process.arch}`), key, onRejected };
}

/**
 * Updates the cache if V8 did not use the cached code, or if this run's number is a power of two of at most 64. A
 * second file counts the runs: each run appends one byte to it, so processes that run at the same time cannot spoil the
 * count.
 */
function updateCache(script: Script, cacheFile: CacheFile, isAccepted: boolean): void {
  const counter = `${cacheFile.path}.runs`;
  try {
    const runs = (statSync(counter, { throwIfNoEntry: false })?.size ?? 0) + 1;
    if (isAccepted && runs > LEARNING_RUNS) return;
    if (!isAccepted || (runs & (runs - 1)) === 0) writeCacheFile(cacheFile, script.createCachedData());
    addByte(counter);
  } catch {
    // A failure here is not reported, because the command itself has succeeded. The package may be read-only, the disk
    // may be full, or the folder may belong to another user.
  }
}

/**
 * Appends one byte to a file. The folder was already checked. The file itself was not, so do not follow a symbolic
 * link.
 */
function addByte(path: string): void {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
  const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o644);
  try {
    // The umask may have removed bits from the mode that was passed to open(2), so set the mode here.
    fchmodSync(fd, 0o644);
    writeSync(fd, ".");
  } finally {
    closeSync(fd);
  }
}
