#!/usr/bin/env node
import { join } from "node:path";
import { helpRequest } from "../help/help-request.ts";
import { type ParsedOptions, parseOptions } from "../words/options.ts";
import { type Selectable, select } from "../words/words.ts";
import { cacheWarning, runScript } from "./code-cache.ts";

/** The name of an object or a command, and the file of the package that contains its code. */
interface Place extends Selectable {
  readonly file?: string;
  readonly commands?: readonly Place[];
}

/** The places of all commands. scripts/bundle.mjs defines this constant from the table of commands. */
declare const BPFTS_PLACES: readonly Place[];
/** The file that contains no command's code. It prints help and the version, and reports errors in the command line. */
declare const BPFTS_OTHER: string;

/**
 * Returns the file of the package that carries out a command line. Each file is main.ts bundled with the code of one
 * command, so each start reads only one file. After the first runs, the file's compiled code comes from the cache.
 */
function fileOf({ options, words }: ParsedOptions): string {
  if (options.version || helpRequest(words, options) !== undefined) return BPFTS_OTHER;
  let places: readonly Place[] | undefined = BPFTS_PLACES;
  let file: string | undefined;
  for (let i = 0; places !== undefined; i++) {
    const word = words[i];
    try {
      const place: Place | undefined = word === undefined ? places[0] : select(places, word, "");
      file = place?.file;
      places = place?.commands;
    } catch {
      // The words name no command. BPFTS_OTHER contains main.ts, which finds the same error again and reports it.
      return BPFTS_OTHER;
    }
  }
  return file ?? BPFTS_OTHER;
}

const parsed = parseOptions(process.argv.slice(2));
runScript(join(import.meta.dirname, fileOf(parsed)), import.meta.url, cacheWarning(parsed.options));
