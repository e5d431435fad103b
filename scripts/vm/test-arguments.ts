import { ArgumentError, kernelName, seconds } from "./arguments.ts";
import { KERNELS, type KernelName } from "./kernels.ts";
import { ROOMS } from "./rooms.ts";

/** `npm run test:vm [-- OPTIONS KERNEL…] [-- TEST FILTER]` */
export interface TestArguments {
  readonly kernels: readonly KernelName[];
  /** Parts of the paths of test files. */
  readonly filter: readonly string[];
  readonly jobs: number;
  readonly timeout: number;
  /** The kernels on which a test fails on purpose. */
  readonly plant: readonly KernelName[];
  /** A kernel that died is run once more. */
  readonly again: boolean;
}

/**
 * What runs in a machine unless a filter is given: all that meets the kernel. Of the command, only what may not run
 * elsewhere: its listings take minutes there.
 */
export const DEFAULT_FILTER: readonly string[] = [
  "/uapi/",
  "/cli/struct-ops/",
  ...ROOMS.filter(({ name, pure }) => !pure && name !== "cli").map(({ name }) => `/test/${name}/`),
];

export const TEST_USAGE: string = `npm run test:vm [-- [OPTIONS] [KERNEL…] [-- WORD…]]

Runs the tests on Debian's kernels (all of ${KERNELS.join(", ")} unless named), or those whose path contains one of
the words. The exit code is 1 if a test failed or a machine did not end by itself.

  --jobs N            machines at a time (2)
  --timeout SECONDS   for each machine (900)
  --plant KERNEL      a test that fails runs there too: the run must turn red
  --again             once more where the kernel died, as one may under emulation`;

export function parseTestArguments(words: readonly string[]): TestArguments {
  const rest = [...words];
  const value = (option: string): string => {
    const next = rest.shift();
    if (next === undefined) throw new ArgumentError(`${option} needs a value`);
    return next;
  };
  const kernels: KernelName[] = [];
  const plant: KernelName[] = [];
  let jobs = 2;
  let again = false;
  let timeout = 900;
  let filter = DEFAULT_FILTER;
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") {
      if (rest.length > 0) filter = rest.splice(0);
    } else if (word === "--jobs") jobs = count(value(word));
    else if (word === "--timeout") timeout = seconds(value(word));
    else if (word === "--plant") plant.push(kernelName(value(word)));
    else if (word === "--again") again = true;
    else if (word.startsWith("-")) throw new ArgumentError(`no option ${word}`);
    else kernels.push(kernelName(word));
  }
  return { kernels: kernels.length === 0 ? KERNELS : [...new Set(kernels)], filter, jobs, timeout, plant, again };
}

function count(word: string): number {
  const number = Number(word);
  if (!Number.isSafeInteger(number) || number < 1) throw new ArgumentError(`${word} is no number of machines`);
  return number;
}
