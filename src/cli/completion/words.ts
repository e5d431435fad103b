import type { ObjectEntry, Run } from "../command/command.ts";
import { escapeName } from "../output/terminal-text.ts";
import type { Words } from "../words/words.ts";
import { type Candidate, candidates } from "./candidates.ts";
import { liveValues } from "./live-values.ts";

/** `bpfts completion words SHELL -- …`, which the shells' scripts run at each press of the Tab key. */
export const completeWords: Run = (words, _options, table) => {
  const shell = words.take("a shell");
  const found = shell === "bash" ? forBash(words, table) : forWords(words, table);
  return {
    text: () => found.map(({ word, note }) => `${escapeName(word)}${note ? `\t${escapeName(note)}` : ""}\n`),
    json: () => found.map(({ word, note }) => ({ word, note })),
  };
};

/** Completes for zsh and fish. They pass all words after `bpfts`; the last one is to be completed. */
function forWords(words: Words, table: readonly ObjectEntry[]): Candidate[] {
  const all: string[] = [];
  while (words.left > 0) all.push(words.take("a word"));
  return candidates(table, all.slice(0, -1), all.at(-1) ?? "", liveValues);
}

/**
 * Completes for bash. bash passes the line up to the cursor, and the part of the last word that the completion will
 * replace. bash also splits words at colons and equal signs, so this part may be only the end of the word.
 */
function forBash(words: Words, table: readonly ObjectEntry[]): Candidate[] {
  const line = words.take("a line");
  const piece = words.left > 0 ? words.take("a word") : "";
  const all = splitLine(line).slice(1);
  const typed = all.at(-1) ?? "";
  const kept = typed.endsWith(piece) ? typed.length - piece.length : 0;
  return candidates(table, all.slice(0, -1), typed, liveValues).map(({ word }) => ({ word: word.slice(kept) }));
}

/**
 * Splits a shell's command line into words, without expansions. If the line ends with a blank, the last word is empty.
 */
export function splitLine(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let i = 0; i < line.length; i++) {
    const character = line.charAt(i);
    if (quote !== "") {
      if (character === quote) quote = "";
      else word = (word ?? "") + character;
    } else if (character === "'" || character === '"') {
      quote = character;
      word ??= "";
    } else if (character === "\\") word = (word ?? "") + line.charAt(++i);
    else if (character === " " || character === "\t") {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + character;
  }
  return [...words, word ?? ""];
}
