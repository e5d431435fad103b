import { CommandError } from "../failure/command-error.ts";
import { begins } from "./words.ts";

/** What can be selected by a word that may be cut short. */
export interface Selectable {
  readonly name: string;
  /** It changes or removes something: a cut word selects it only where it fits nothing else. */
  readonly changes?: boolean;
}

/**
 * The entry of a table that a word stands for. As in bpftool the first one that it begins wins, so that the order of
 * the table is behaviour; but a cut word that fits several never selects one that changes something.
 */
export function select<T extends Selectable>(table: readonly T[], word: string, of: string): T {
  const exact = table.find(({ name }) => name === word);
  if (exact !== undefined) return exact;
  const fits = table.filter(({ name }) => begins(word, name));
  const [first] = fits;
  if (first === undefined) {
    throw new CommandError(
      `'${word}' is not a command of '${of}', which has: ${table.map(({ name }) => name).join(", ")}; see '${of} help'`,
    );
  }
  if (fits.length > 1 && first.changes) {
    const candidates = fits.map(({ name }) => `'${name}'`).join(", ");
    throw new CommandError(`'${word}' could be ${candidates}: write '${of} ${first.name}' in full if it is meant`);
  }
  return first;
}
