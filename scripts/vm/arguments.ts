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

Boots a kernel of Debian's (${KERNELS.join(", ")}; on demand ${ON_DEMAND.join(", ")}) with the built working tree
in /work, runs the command there as root and returns its exit code; 124 when the time is over, 125 when the
kernel died. One word is a line for the shell. \`bpfts\`, \`node\`, \`ip\`, \`tc\` and busybox are there.

  --timeout SECONDS   for boot and command together (180)
  --out FOLDER        what the command leaves in /out goes there
  --add PATH          one more file or folder of the working tree; again for more
  --append WORDS      more words of the kernel's command line
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
    if (word === undefined) throw new ArgumentError("say which kernel");
    if (word === "--timeout") timeout = seconds(value(word));
    else if (word === "--out") out = value(word);
    else if (word === "--add") add.push(value(word));
    else if (word === "--append") append = value(word);
    else if (word === "--verbose") verbose = true;
    else if (word.startsWith("-")) throw new ArgumentError(`no option ${word}`);
    else {
      const kernel = kernelName(word);
      const command = rest[0] === "--" ? rest.slice(1) : rest;
      if (command.length === 0) throw new ArgumentError("say what to run");
      return { kernel, command, timeout, add, verbose, ...(out && { out }), ...(append && { append }) };
    }
  }
}

export function kernelName(word: string): KernelName {
  if (isKernelName(word)) return word;
  throw new ArgumentError(`no kernel ${word}; there are ${[...KERNELS, ...ON_DEMAND].join(", ")}`);
}

export function seconds(word: string): number {
  const number = Number(word);
  if (!Number.isFinite(number) || number <= 0) throw new ArgumentError(`${word} is no number of seconds`);
  return number;
}
