import { deviceIndex } from "../../sys/index.ts";
import { CommandError, EXIT_FAILURE } from "../failure/command-error.ts";
import { unexpectedWord, type Words } from "../words/words.ts";

/** Takes `dev NAME` and returns the name. */
export function takeDeviceName(words: Words, options: { readonly exitCode?: number } = {}): string {
  if (words.takeKeyword("dev")) return words.take("the name of a network device");
  throw unexpectedWord(["dev"], words, options);
}

/** Returns the index of a network device in this network namespace. */
export function indexOfDevice(name: string, { exitCode = EXIT_FAILURE }: { readonly exitCode?: number } = {}): number {
  const index = deviceIndex(name);
  if (index === undefined) throw new CommandError(`invalid devname ${name}`, { exitCode });
  return index;
}
