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
  /** The kernels on which a test runs that always fails. */
  readonly plant: readonly KernelName[];
  /** True: if a kernel died, run its tests once more. */
  readonly again: boolean;
}

/**
 * The tests that run without a filter: those of the rooms that use the kernel. Of the command's tests, only those run
 * that may not run elsewhere, because the command's listings take minutes under emulation.
 */
export const DEFAULT_FILTER: readonly string[] = [
  "/uapi/",
  "/cli/struct-ops/",
  ...ROOMS.filter(({ name, pure }) => !pure && name !== "cli").map(({ name }) => `/test/${name}/`),
];

export const TEST_USAGE: string = `npm run test:vm [-- [OPTIONS] [KERNEL…] [-- WORD…]]

Runs the tests on Debian's kernels, each in a virtual machine. Without KERNEL: on ${KERNELS.join(", ")}. With WORDs: only
the tests whose path contains one of them. The exit code is 1 if a test failed or a machine did not end by itself.

  --jobs N            run this many machines at the same time (2)
  --timeout SECONDS   the longest time for each machine (900)
  --plant KERNEL      also run a test that fails on this kernel; the exit code must then be 1
  --again             if a kernel died, run its tests once more, because a kernel may die under emulation`;

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
    else if (word.startsWith("-")) throw new ArgumentError(`there is no option ${word}`);
    else kernels.push(kernelName(word));
  }
  return { kernels: kernels.length === 0 ? KERNELS : [...new Set(kernels)], filter, jobs, timeout, plant, again };
}

function count(word: string): number {
  const number = Number(word);
  if (!Number.isSafeInteger(number) || number < 1) throw new ArgumentError(`${word} is not a number of machines`);
  return number;
}
