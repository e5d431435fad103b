import { CALL_KINDS } from "./calls.ts";
import type { Kind } from "./kind.ts";
import { MEMORY_KINDS } from "./memory.ts";
import { outsideKinds } from "./outside.ts";
import { POINTER_KINDS } from "./pointers.ts";
import { RESOURCE_KINDS } from "./resources.ts";
import { STRUCTURE_KINDS } from "./structure.ts";
import { NO_REASON_KIND, UNKNOWN_KIND } from "./unknown.ts";

export type { Kind } from "./kind.ts";
export { outsideKinds } from "./outside.ts";
export { NO_REASON_KIND, UNKNOWN_KIND } from "./unknown.ts";

/**
 * Every kind of refusal, in the order in which their patterns are tried. The kinds of refusals by loaders can be first,
 * because their patterns match no message of another kind. In each table, general patterns come after special ones.
 */
export const KINDS: readonly Kind[] = [
  ...outsideKinds(),
  ...MEMORY_KINDS,
  ...POINTER_KINDS,
  ...CALL_KINDS,
  ...RESOURCE_KINDS,
  ...STRUCTURE_KINDS,
  NO_REASON_KIND,
  UNKNOWN_KIND,
];

/** Returns the kind of a code or of its name: `BPF-E0102`, `e0102`, `null-dereference`. */
export function kindOfCode(word: string): Kind | undefined {
  const wanted = word.toUpperCase();
  return KINDS.find(({ code, name }) => code === wanted || code === `BPF-${wanted}` || name === word);
}
