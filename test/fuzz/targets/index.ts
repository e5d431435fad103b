import type { FuzzTarget } from "../target.ts";
import { OTHER_TARGETS } from "./code-and-texts.ts";
import { FILE_TARGETS } from "./files.ts";
import { GENERATOR_TARGETS } from "./generators.ts";

/** All parsers that see bytes from outside. */
export const TARGETS: readonly FuzzTarget[] = [...FILE_TARGETS, ...GENERATOR_TARGETS, ...OTHER_TARGETS];
