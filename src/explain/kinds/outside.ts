import { hookKinds } from "./hooks.ts";
import type { Kind } from "./kind.ts";
import { loaderKinds } from "./loader.ts";
import { rightsKinds } from "./rights.ts";

/**
 * Returns the kinds that do not come from the verifier: what loaders, calls, rights and hooks refuse. The tables are
 * functions, so that a command that does not fail spends no time on them.
 */
export function outsideKinds(): readonly Kind[] {
  return [...loaderKinds(), ...rightsKinds(), ...hookKinds()];
}
