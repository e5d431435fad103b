import { CommandError } from "../failure/command-error.ts";
import type { Words } from "../words/words.ts";

/** What of a cgroup is shown. */
export interface View {
  /** What runs there rather than what was attached there. */
  readonly effective: boolean;
  /** An addition of ours: links, flags and origins too. */
  readonly details: boolean;
  /** An addition of ours, for trees: cgroups that are left out with all below them. */
  readonly except: readonly string[];
}

/** Takes the words behind the cgroup of `show` and `tree`. */
export function takeView(words: Words, options: { except?: boolean } = {}): View {
  let effective = false;
  let details = false;
  const except: string[] = [];
  while (words.left > 0) {
    const word = words.peek;
    if (words.takeKeyword("effective")) {
      if (effective) throw new CommandError(`duplicated argument: ${word}`);
      effective = true;
    } else if (words.takeKeyword("details")) {
      if (details) throw new CommandError(`duplicated argument: ${word}`);
      details = true;
    } else if (options.except === true && word === "except") {
      words.take("except");
      except.push(words.take("a pattern of cgroups to leave out"));
    } else {
      const or = options.except === true ? "'details', 'except PATTERN'" : "'details'";
      throw new CommandError(`expected no more arguments, 'effective', ${or}, got: '${word}'?`);
    }
  }
  return { effective, details, except };
}
