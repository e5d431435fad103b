import { closeSync, constants, fchmodSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { Script } from "node:vm";
import { type CacheFile, readCacheFile, writeCacheFile } from "../../sys/index.ts";
import { writeNote } from "../output/write.ts";
import type { Options } from "../words/options.ts";

/** After so many runs the kept code stays as it is. */
const LEARNING_RUNS = 64;

/** What a file of the package is: one function. */
type Program = (require: NodeJS.Require, filename: string) => void;

/**
 * Returns the folder where a command keeps what is slow to find, for the next one: beside the package's file that runs.
 * Returns undefined with `BPFTS_CODE_CACHE=0`.
 */
export function cacheFolder(file: string): string | undefined {
  return process.env.BPFTS_CODE_CACHE === "0" ? undefined : join(dirname(file), "cache");
}

/** Returns what tells the user, with `-d`, why a cache file was not used. */
export function cacheWarning({ debug }: Options): (why: string) => void {
  return (why) => debug && writeNote(`cache: ${why}`);
}

/**
 * Runs a file of the package. V8's code for it is kept in `cache/` beside the file, as Python keeps its own: without it
 * half of a short command's time goes into compiling the same functions again. V8 keeps the functions that ran, so the
 * first runs, at each power of two, add to the file. If the folder cannot be written nothing is kept, and with
 * `BPFTS_CODE_CACHE=0` it is neither read nor written. `onRejected` is called with the reason if kept code was not used.
 */
export function runScript(file: string, url: string, onRejected: (why: string) => void): void {
  const source = readFileSync(file, "latin1");
  const kept = keptCode(file, onRejected);
  const cachedData = kept && readCacheFile(kept);
  const script = new Script(source, { filename: file, cachedData: cachedData && Buffer.from(cachedData) });
  if (kept !== undefined) {
    // V8 refuses code that was made with other flags.
    const knows = cachedData !== undefined && script.cachedDataRejected !== true;
    process.on("exit", (code) => {
      if (code === 0) learn(script, kept, knows);
    });
  }
  (script.runInThisContext() as Program)(createRequire(url), file);
}

function keptCode(file: string, onRejected: (why: string) => void): CacheFile | undefined {
  const folder = cacheFolder(file);
  if (folder === undefined) return undefined;
  // The file's name holds a hash of its text.
  const name = basename(file, ".js");
  const key = `${name} v8 ${process.versions.v8} ${process.version} ${process.arch}`;
  return { path: join(folder, `${name}-${process.version}-${process.arch}`), key, onRejected };
}

/** A second file grows by one byte a run. Two processes at a time cannot spoil such a count. */
function learn(script: Script, kept: CacheFile, knows: boolean): void {
  const counter = `${kept.path}.runs`;
  try {
    const runs = (statSync(counter, { throwIfNoEntry: false })?.size ?? 0) + 1;
    if (knows && runs > LEARNING_RUNS) return;
    if (!knows || (runs & (runs - 1)) === 0) writeCacheFile(kept, script.createCachedData());
    addByte(counter);
  } catch {
    // A read-only package, a full disk, a folder of somebody else: the command has done its work all the same.
  }
}

/** The folder is safe here: code was read from it or written to it. The file in it may still be a link. */
function addByte(path: string): void {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
  const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o644);
  try {
    // The umask had a say in the mode.
    fchmodSync(fd, 0o644);
    writeSync(fd, ".");
  } finally {
    closeSync(fd);
  }
}
