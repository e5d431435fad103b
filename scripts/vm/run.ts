// Runs one command in a virtual machine: `npm run vm`.
import { ArgumentError, parseVmArguments, VM_USAGE } from "./arguments.ts";
import { bringKernels } from "./kernels.ts";
import { runInMachine } from "./machine.ts";
import { requirePrograms } from "./requirements.ts";

try {
  const { kernel: name, ...options } = parseVmArguments(process.argv.slice(2));
  requirePrograms([]);
  const [kernel] = bringKernels([name]);
  if (kernel === undefined) throw new Error(`there is no kernel ${name}`);
  requirePrograms([kernel.machine]);
  process.exitCode = await runInMachine({ kernel, ...options });
} catch (error) {
  process.stderr.write(`vm: ${error instanceof Error ? error.message : error}\n`);
  if (error instanceof ArgumentError) process.stderr.write(`\n${VM_USAGE}\n`);
  process.exitCode = 126;
}
