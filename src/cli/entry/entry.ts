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

/** scripts/bundle.mjs defines it from the table of commands. */
declare const BPFTS_PLACES: readonly Place[];
/** The file without any command's code. It prints help, the version and errors in the command line. */
declare const BPFTS_OTHER: string;

/**
 * Returns which of the package's files a command line runs. Each file is main.ts bundled with the code of one command,
 * so a start reads one file. After the first runs its compiled code comes from the cache.
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
      // main.ts finds the same mistake and reports it.
      return BPFTS_OTHER;
    }
  }
  return file ?? BPFTS_OTHER;
}

const parsed = parseOptions(process.argv.slice(2));
runScript(join(import.meta.dirname, fileOf(parsed)), import.meta.url, cacheWarning(parsed.options));
