#!/usr/bin/env node
import { join } from "node:path";
import { parseOptions } from "../words/options.ts";
import { type Selectable, select } from "../words/selection.ts";
import { runScript } from "./code-cache.ts";

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
 * Which of the package's files a command line runs. Each is the whole program, src/cli/main.ts, with the code of one
 * command: one file is read and, after the first runs, nothing is compiled.
 */
function fileOf(argv: readonly string[]): string {
  const { options, words } = parseOptions(argv);
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
      // The program says it again, and what is wrong.
      return BPFTS_OTHER;
    }
  }
  return file ?? BPFTS_OTHER;
}

runScript(join(import.meta.dirname, fileOf(process.argv.slice(2))), import.meta.url);
