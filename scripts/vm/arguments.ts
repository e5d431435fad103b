import { isKernelName, KERNELS, type KernelName, ON_DEMAND } from "./kernels.ts";

export class ArgumentError extends Error {}

/** `npm run vm -- [OPTIONS] KERNEL [--] COMMAND…` */
export interface VmArguments {
  readonly kernel: KernelName;
  readonly command: readonly string[];
  readonly timeout: number;
  readonly out?: string;
  readonly add: readonly string[];
  readonly append?: string;
  readonly verbose: boolean;
}

export const VM_USAGE: string = `npm run vm -- [OPTIONS] KERNEL [--] COMMAND…

Boots one of Debian's kernels (${[...KERNELS, ...ON_DEMAND].join(", ")}) in a virtual machine.
The built working tree is in /work. Runs the command there as root, and exits with the command's exit code, with 124 when
the time is over, or with 125 when the kernel died. A command of one word is a line for the shell. \`bpfts\`,
\`node\`, \`ip\`, \`tc\` and busybox are available.

  --timeout SECONDS   the longest time for boot and command together (180)
  --out FOLDER        copy the files that the command writes to /out into this folder
  --add PATH          also put this file or folder of the working tree into /work; may be given several times
  --append WORDS      add these words to the kernel's command line
  --verbose           print the kernel's log at the end`;

export function parseVmArguments(words: readonly string[]): VmArguments {
  const rest = [...words];
  const value = (option: string): string => {
    const next = rest.shift();
    if (next === undefined) throw new ArgumentError(`${option} needs a value`);
    return next;
  };
  let timeout = 180;
  let out: string | undefined;
  let append: string | undefined;
  let verbose = false;
  const add: string[] = [];
  for (let word = rest.shift(); ; word = rest.shift()) {
    if (word === undefined) throw new ArgumentError("the name of a kernel is missing");
    if (word === "--timeout") timeout = seconds(value(word));
    else if (word === "--out") out = value(word);
    else if (word === "--add") add.push(value(word));
    else if (word === "--append") append = value(word);
    else if (word === "--verbose") verbose = true;
    else if (word.startsWith("-")) throw new ArgumentError(`there is no option ${word}`);
    else {
      const kernel = kernelName(word);
      const command = rest[0] === "--" ? rest.slice(1) : rest;
      if (command.length === 0) throw new ArgumentError("the command to run is missing");
      return { kernel, command, timeout, add, verbose, ...(out && { out }), ...(append && { append }) };
    }
  }
}

export function kernelName(word: string): KernelName {
  if (isKernelName(word)) return word;
  throw new ArgumentError(`there is no kernel ${word}; the kernels are ${[...KERNELS, ...ON_DEMAND].join(", ")}`);
}

export function seconds(word: string): number {
  const number = Number(word);
  if (!Number.isFinite(number) || number <= 0) throw new ArgumentError(`${word} is not a number of seconds`);
  return number;
}
