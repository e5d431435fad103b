import type { FuzzTarget } from "../target.ts";
import { OTHER_TARGETS } from "./code-and-texts.ts";
import { FILE_TARGETS } from "./files.ts";

/** All parsers that see bytes from outside. */
export const TARGETS: readonly FuzzTarget[] = [...FILE_TARGETS, ...OTHER_TARGETS];
