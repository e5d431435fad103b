import { CommandError } from "../failure/command-error.ts";
import type { Words } from "../words/words.ts";

/** The error of a word that begins no handle. A bare number is most often meant as an id. */
export function unexpected(keywords: string, words: Words): CommandError {
  const { peek } = words;
  if (peek === undefined) return new CommandError(`expected ${keywords}, got: nothing`);
  const hint = /^\d+$/.test(peek) ? `; if it is an id, write 'id ${peek}'` : "";
  return new CommandError(`expected ${keywords}, got: '${peek}'?${hint}`);
}
