#!/usr/bin/env node
import { join } from "node:path";
import { type ParsedOptions, parseOptions } from "../words/options.ts";
import { type Selectable, select } from "../words/words.ts";
import { cacheWarning, runScript } from "./code-cache.ts";

/** An object's or command's name, and the file of the program that has its code. */
interface Place extends Selectable {
  readonly file?: string;
  readonly commands?: readonly Place[];
}

/** Put in by scripts/bundle.mjs, from the table of commands. */
declare const BPFTS_PLACES: readonly Place[];
/** The file without any command's code: help, the version, mistakes. */
declare const BPFTS_OTHER: string;

/**
 * Returns which of the package's files a command line runs. Each is the whole program, main.ts, with the code of one
 * command: one file is read and, after the first runs, nothing is compiled.
 */
function fileOf({ options, words }: ParsedOptions): string {
  if (options.help || options.version) return BPFTS_OTHER;
  let places: readonly Place[] | undefined = BPFTS_PLACES;
  let file: string | undefined;
  for (let i = 0; places !== undefined; i++) {
    const word = words[i];
    try {
      const place: Place | undefined = word === undefined ? places[0] : select(places, word, "");
      file = place?.file;
      places = place?.commands;
    } catch {
      // The program finds the same mistake and says what is wrong.
      return BPFTS_OTHER;
    }
  }
  return file ?? BPFTS_OTHER;
}

const parsed = parseOptions(process.argv.slice(2));
runScript(join(import.meta.dirname, fileOf(parsed)), import.meta.url, cacheWarning(parsed.options));
