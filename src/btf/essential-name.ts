import { beginsWith, type StringBudget } from "../layout/index.ts";

/**
 * An object can have several versions of a type for CO-RE. They differ by a flavour at the end of the name:
 * `task_struct` and `task_struct___v514`. A flavour begins at the last three underscores that have another character on
 * both sides, so `a___` and `___b` have no flavour. The essential name is the name without the flavour.
 */

const NUL = 0;
const UNDERSCORE = 0x5f;

/** Returns a name without its flavour. */
export function essentialName(name: string): string {
  for (let i = name.length - 5; i >= 0; i--) {
    if (name[i] !== "_" && name[i + 4] !== "_" && name.startsWith("___", i + 1)) return name.slice(0, i + 1);
  }
  return name;
}

/** Returns the length of the essential name of the bytes from `start` to `end`. */
export function essentialLength(strings: Uint8Array, start: number, end: number): number {
  for (let i = end - 5; i >= start; i--) {
    if (
      strings[i + 1] === UNDERSCORE &&
      strings[i + 2] === UNDERSCORE &&
      strings[i + 3] === UNDERSCORE &&
      strings[i] !== UNDERSCORE &&
      strings[i + 4] !== UNDERSCORE
    ) {
      return i + 1 - start;
    }
  }
  return end - start;
}

/** How a name must match: exactly, or after its flavour is removed. */
export type Match = "exact" | "essential";

/** Returns true if the NUL-terminated string at `at` is `name` or, for an essential match, `name` with a flavour. */
export function matchesName(
  strings: Uint8Array,
  at: number,
  name: Uint8Array,
  how: Match,
  budget: StringBudget,
): boolean {
  const next = strings[at + name.length];
  if (next !== NUL && (how === "exact" || next !== UNDERSCORE)) return false;
  if (!beginsWith(strings, at, name, budget)) return false;
  if (how === "exact") return true;
  const end = stringEnd(strings, at + name.length);
  budget.spendCompared(end - at);
  return essentialLength(strings, at, end) === name.length;
}

/** Returns the end of the string that contains `at`: the offset of its NUL, or the end of the section. */
function stringEnd(strings: Uint8Array, at: number): number {
  const end = strings.indexOf(NUL, at);
  return end < 0 ? strings.length : end;
}
