import { appendFileSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { Script } from "node:vm";
import { replaceFile } from "../../sys/index.ts";
import { cacheFolder } from "./cache-folder.ts";

/** After so many runs what is kept stays as it is. */
const LEARNING_RUNS = 64;

/** What a file of the package is: one function. */
type Program = (require: NodeJS.Require, filename: string) => void;

/**
 * Runs a file of the package. V8's code for it is kept in `cache/` beside the file, as Python keeps its own: without it
 * half of a short command's time goes into compiling the same functions again. What is kept is what ran, so the first
 * runs, at each power of two, add to it. Where the folder cannot be written nothing is kept, and with
 * `BPFTS_CODE_CACHE=0` it is neither read nor written.
 */
export function runScript(file: string, url: string): void {
  const source = readFileSync(file, "latin1");
  const folder = cacheFolder(file);
  // The file's name holds a hash of its text. V8 refuses what one with other flags made.
  const path = folder && join(folder, `${basename(file, ".js")}-${process.version}-${process.arch}`);
  const cachedData = path === undefined ? undefined : readKept(path);
  const script = new Script(source, { filename: file, cachedData });
  if (path !== undefined) {
    const knows = cachedData !== undefined && script.cachedDataRejected !== true;
    process.on("exit", (code) => {
      if (code === 0) learn(script, path, knows);
    });
  }
  (script.runInThisContext() as Program)(createRequire(url), file);
}

function readKept(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** V8 trusts what it is given, so it is never half a file. A file beside it grows by a byte a run: a count that no two processes spoil. */
function learn(script: Script, path: string, knows: boolean): void {
  const counter = `${path}.runs`;
  try {
    const runs = (statSync(counter, { throwIfNoEntry: false })?.size ?? 0) + 1;
    if (knows && runs > LEARNING_RUNS) return;
    if (!knows || (runs & (runs - 1)) === 0) replaceFile(path, script.createCachedData());
    appendFileSync(counter, ".");
  } catch {
    // A read-only package, a full disk: the command has done its work all the same.
  }
}
